/** The API reference, drawn from the service's own OpenAPI document. */

import { h } from "./element";
import { inLanguage } from "./language";

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
}
interface Operation {
  tags?: string[];
  summary?: string;
  description?: string;
  parameters?: Parameter[];
}
interface Document {
  info: { description: string };
  paths: Record<string, Record<string, Operation>>;
}

function make(tag: string, words: string, className = ""): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = words;
  made.className = className;
  return made;
}

function table(parameters: Parameter[]): HTMLElement {
  const drawn = document.createElement("table");
  for (const one of parameters) {
    const line = document.createElement("tr");
    line.append(make("th", one.name + (one.required ? " *" : "")), make("td", one.in), make("td", one.description ?? ""));
    drawn.append(line);
  }
  return drawn;
}

function drawn(method: string, path: string, operation: Operation): HTMLElement {
  const box = document.createElement("details");
  const line = document.createElement("summary");
  line.append(make("b", method.toUpperCase()), make("code", path), make("span", operation.summary ?? ""));
  box.append(line, make("p", operation.description ?? "", "plain"));
  if (operation.parameters?.length) box.append(table(operation.parameters));
  return box;
}

const reference = document.getElementById("reference");
const told = (await (await fetch("/openapi.json")).json()) as Document;
reference?.append(h("p", { class: "plain" }, ...inLanguage(told.info.description.replaceAll(/\s*\n/g, " "), "en")));
const byTag = new Map<string, HTMLElement[]>();
for (const [path, methods] of Object.entries(told.paths)) {
  for (const [method, operation] of Object.entries(methods)) {
    const tag = operation.tags?.[0] ?? "";
    byTag.set(tag, [...(byTag.get(tag) ?? []), drawn(method, path, operation)]);
  }
}
for (const [tag, boxes] of byTag) reference?.append(make("h2", tag), ...boxes);
