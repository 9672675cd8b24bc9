import type { RegionalMap } from "../map";
import type { Board } from "../panel";
import type { Beside } from "./two";

export async function showBivariate(_frames: HTMLElement, _board: Board, _first: RegionalMap, _beside: Beside): Promise<void> {}
