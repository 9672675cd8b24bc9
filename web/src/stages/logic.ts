import type { Board } from "../panel";

export async function draw(_target: HTMLElement, _board: Board): Promise<void> {}
