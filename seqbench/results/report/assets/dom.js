// Elements are made by name and filled with text nodes alone: no text of a table is ever parsed.

const SVG = "http://www.w3.org/2000/svg";

// Marks that reorder or hide text are shown by their code point.
const HIDDEN =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g;

function visible(text) {
  return String(text).replace(HIDDEN, (mark) => {
    return "\u27e8U+" + mark.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0") + "\u27e9";
  });
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) {
      node.setAttribute(name, visible(value));
    }
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined) continue;
    node.append(child instanceof Node ? child : document.createTextNode(visible(child)));
  }
  return node;
}

function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function byId(id) {
  return document.getElementById(id);
}

function replace(node, ...children) {
  node.replaceChildren();
  return fill(node, {}, children);
}

function option(value, label, chosen) {
  const made = el("option", { value }, label);
  made.value = value; // the attribute has marks made visible, the value must not
  made.selected = chosen;
  return made;
}

// A select with its label. Options are [value, label] pairs; `choose` gets the value.
function choice(label, options, chosen, choose) {
  const list = el("select", { onchange: () => choose(list.value) });
  for (const [value, text] of options) list.append(option(value, text, value === chosen));
  return el("label", {}, label + " ", list);
}

const ruler = document.createElement("canvas").getContext("2d");

// Pixels of a text in a plot.
function textWidth(text, size = 12) {
  ruler.font = `${size}px ${getComputedStyle(document.body).fontFamily}`;
  return ruler.measureText(visible(text)).width;
}

// As much of a text as has room in so many pixels.
function fit(text, room) {
  const shown = visible(text);
  if (textWidth(shown) <= room) return shown;
  let [low, high] = [0, shown.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (textWidth(shown.slice(0, middle) + "\u2026") <= room) low = middle;
    else high = middle - 1;
  }
  return shown.slice(0, low) + "\u2026";
}

function tell(text) {
  byId("live").textContent = visible(text);
}
