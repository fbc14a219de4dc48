// The table: only the rows in sight are in the document, so that any number of them stays fluid.

const OVERSCAN = 6;
const MOST_WIDTH = 34; // characters
const NARROW = matchMedia("(max-width: 600px)");

// Columns from the left; the others follow as the table has them.
const FIRST = [
  "state", "verdict", "table", "experiment", "group", "size", "task", "label", /^p\./, "kernel_impl",
  "ours", "peer", "phase", "metric", "value", "base", "new", "ratio", "ci_low", "ci_high",
  "ratio_low", "ratio_high", "target",
];
const LAST = ["status", "gate", "valid", "trials", "done", "n", "interval", "presence", "reason", "reasons", "error"];
// Shown when asked for: names that only machines read, and what another column tells.
const KEPT_BACK = /^(trial_key|case_id|provenance|resolved|signature|low|high|worse|margin|confidence|group_mean|group_at_most|source|schema_version|direction|unit|repetition|size\..*|.*\.case_id)$/;

const grid = {
  rows: [], names: [], widths: [], active: { place: -1, column: 0 }, shown: new Map(),
};

// On a phone what was measured stands in sight, where it was after it.
const FIRST_NARROW = ["state", "verdict", "metric", "value", "ratio"];

function placeOfColumn(name) {
  if (NARROW.matches && FIRST_NARROW.includes(name)) return FIRST_NARROW.indexOf(name) - 10;
  const at = (list) => list.findIndex((one) => (one.test ? one.test(name) : one === name));
  const last = at(LAST);
  if (last >= 0) return 1000 + last;
  const first = at(FIRST);
  return first >= 0 ? first : 500;
}

function orderedColumns(sheet) {
  const names = [...sheet.columns.keys()];
  return names.map((name, n) => [placeOfColumn(name), n, name])
    .sort((a, b) => a[0] - b[0] || a[1] - b[1]).map((one) => one[2]);
}

// Those that tell the rows apart, and the one that is sorted by.
function defaultColumns(sheet, rows) {
  const always = { rows: /^(state|value)$/, summary: /^(state|value)$/, ratios: /^group$/, verdicts: /^verdict$/ };
  const kept = orderedColumns(sheet).filter((name) => {
    if (always[sheet.kind].test(name) || name === view.sort) return true;
    const back = KEPT_BACK.test(name) || (sheet.kind === "rows" && name === "group");
    return !back && !sheet.columns.get(name).isConstant && differ(sheet, rows, name);
  });
  const hidden = toldByOthers(sheet, rows, kept);
  const left = kept.filter((name) => !hidden.has(name));
  return left.length > 1 ? left : orderedColumns(sheet);
}

// A cell's text: measured values in the unit that suits them.
function cellText(sheet, name, row) {
  const column = sheet.columns.get(name);
  if (!column.isNumber) return column.text(row);
  const raw = column.numbers[row];
  if (typeof raw !== "number") return raw === null ? "" : raw;
  if (name === "value" || name === "ci_low" || name === "ci_high") {
    const { factor, unit } = sheet.scale(row);
    return name === "value" ? withUnit(raw / factor, unit) : number(raw / factor);
  }
  if (sheet.kind === "verdicts" && (name === "base" || name === "new")) {
    const { factor, unit } = scaleOf(sheet.text("unit", row), Math.max(...["base", "new"]
      .map((side) => Math.abs(sheet.number(side, row))).filter(Number.isFinite)));
    return withUnit(raw / factor, unit);
  }
  return number(raw, Number.isInteger(raw) ? 15 : 4);
}

// Swept values that another shown column tells: of sizes that go together the first is enough.
function toldByOthers(sheet, rows, names) {
  const hidden = new Set();
  const usual = (name) => /hidden_size|width/.test(name) || name === "p." + sheet.hints.x;
  const swept = names.filter((one) => one.startsWith("p.") && one !== view.sort).reverse();
  for (const name of [...swept.filter((one) => !usual(one)), ...swept.filter(usual)]) {
    const others = names.filter((one) => one !== name && !hidden.has(one) && (one.startsWith("p.") || one === "kernel_impl"));
    if (others.some((other) => determines(sheet, rows, other, name))) hidden.add(name);
  }
  return hidden;
}

// A single row, or none, has every column that the table's rows differ in.
function differ(sheet, rows, name) {
  return rows.length < 2 || rows.some((row) => sheet.text(name, row) !== sheet.text(name, rows[0]));
}

function determines(sheet, rows, one, other) {
  const found = new Map();
  for (const row of rows) {
    const [key, value] = [sheet.text(one, row), sheet.text(other, row)];
    if (found.has(key) && found.get(key) !== value) return false;
    found.set(key, value);
  }
  return true;
}

function widthOf(sheet, name) {
  const column = sheet.columns.get(name);
  let longest = sheet.title(name).length + 2; // and the arrow
  const measure = (text) => {
    if (text.length > longest) longest = text.length;
  };
  if (column.isNumber) {
    const step = Math.max(1, Math.floor(sheet.length / 500));
    for (let row = 0; row < sheet.length; row += step) measure(cellText(sheet, name, row));
  } else column.texts.forEach((text) => measure(visible(text)));
  if (name === "state" && NARROW.matches) return 9;
  if (isBadge(name)) longest += 3;
  longest = Math.ceil(longest * 0.95);
  return Math.min(longest, Math.max(name === "label" ? 2 * MOST_WIDTH : MOST_WIDTH, sheet.title(name).length + 2)) + 2;
}

function rowHeight() {
  return NARROW.matches ? 40 : 30;
}

function columnsFor(sheet, rows) {
  return (view.columns || defaultColumns(sheet, rows)).filter((name) => sheet.has(name));
}

function drawGrid(sheet, rows) {
  grid.names = columnsFor(sheet, rows);
  grid.widths = grid.names.map((name) => widthOf(sheet, name));
  const head = el("div", { class: "row head", role: "row", "aria-rowindex": 1 },
    grid.names.map((name, n) => heading(sheet, name, n)));
  const body = el("div", { class: "body", role: "rowgroup" });
  const root = el("div", {
    class: "grid", role: "grid", tabindex: 0, id: "cells", "aria-label": "Table " + sheet.name,
    "aria-colcount": grid.names.length, onscroll: () => requestAnimationFrame(drawRows),
    onkeydown: gridKey, onclick: gridClick, onfocus: gridFocus,
  }, el("div", { role: "rowgroup", class: "heads" }, head), body);
  const tracks = grid.widths.map((width) => width + "ch").join(" ");
  root.style.setProperty("--tracks", tracks);
  root.style.setProperty("--row", rowHeight() + "px");
  grid.root = root;
  grid.body = body;
  grid.active.column = Math.min(grid.active.column, grid.names.length - 1);
  replace(byId("grid"), root);
}

function heading(sheet, name, n) {
  const sorted = view.sort === name;
  const direction = view.descending ? "descending" : "ascending";
  const arrow = sorted ? (view.descending ? "\u2193" : "\u2191") : "";
  const number = sheet.columns.get(name).isNumber ? " number" : "";
  return el("div", {
    class: "cell" + number, role: "columnheader", "aria-colindex": n + 1,
    "aria-sort": sorted ? direction : "none",
  }, el("button", {
    type: "button", tabindex: n ? -1 : 0, title: "Sort by " + title(name),
    onclick: () => toggleSort(name), onkeydown: headKey, "data-column": n,
  }, sheet.title(name), el("span", { class: "arrow", "aria-hidden": "true" }, arrow)));
}

// Ascending, descending, as the table has it.
function toggleSort(name) {
  if (view.sort !== name) change({ sort: name, descending: false }, "rows");
  else if (!view.descending) change({ descending: true }, "rows");
  else change({ sort: "", descending: false }, "rows");
  tell(view.sort ? `sorted by ${title(name)}, ${view.descending ? "descending" : "ascending"}`
    : "in the order of the table");
}

function setRows(sheet, rows) {
  grid.rows = rows;
  grid.sheet = sheet;
  grid.root.setAttribute("aria-rowcount", rows.length + 1);
  grid.body.style.height = rows.length * rowHeight() + "px";
  clearRows();
  grid.active.place = view.row ? rows.findIndex((row) => sheet.keyOf(row) === view.row) : -1;
  for (const [n, name] of grid.names.entries()) {
    const head = grid.root.querySelector(`[aria-colindex="${n + 1}"][role=columnheader]`);
    const sorted = view.sort === name;
    head.setAttribute("aria-sort",
      sorted ? (view.descending ? "descending" : "ascending") : "none");
    head.querySelector(".arrow").textContent =
      sorted ? (view.descending ? "\u2193" : "\u2191") : "";
  }
  drawRows();
}

function clearRows() {
  grid.shown.clear();
  grid.body.replaceChildren();
}

function inSight() {
  const height = rowHeight();
  const top = Math.max(0, Math.floor(grid.root.scrollTop / height) - OVERSCAN);
  const count = Math.ceil(grid.root.clientHeight / height) + 2 * OVERSCAN;
  return [top, Math.min(grid.rows.length, top + count)];
}

function drawRows() {
  const [from, to] = inSight();
  for (const [place, node] of grid.shown) {
    if (place < from || place >= to) {
      node.remove();
      grid.shown.delete(place);
    }
  }
  for (let place = from; place < to; place++) {
    if (grid.shown.has(place)) continue;
    const node = drawRow(place);
    grid.shown.set(place, node);
    grid.body.append(node);
  }
  markActive();
}

function drawRow(place) {
  const { sheet } = grid;
  const row = grid.rows[place];
  const node = el("div", {
    class: "row" + (sheet.isRanked[row] ? "" : " unranked"), role: "row", "aria-rowindex": place + 2,
    "data-place": place, "aria-selected": sheet.keyOf(row) === view.row ? "true" : "false",
  }, grid.names.map((name, n) => cell(sheet, name, row, place, n)));
  node.style.transform = `translateY(${place * rowHeight()}px)`;
  return node;
}

function cell(sheet, name, row, place, n) {
  const text = cellText(sheet, name, row);
  const isNumber = sheet.columns.get(name).isNumber;
  const long = !isNumber && text.length > grid.widths[n] - 2;
  return el("div", {
    class: "cell" + (isNumber ? " number" : ""), role: "gridcell", "aria-colindex": n + 1,
    id: `cell-${place}-${n}`, title: long ? text.slice(0, 400) : null,
  }, isBadge(name) ? badge(name === "verdict" ? verdictOf(sheet, row) : text) : text);
}

function isBadge(name) {
  return name === "state" || name === "verdict" || name === "target";
}

const SIGNS = {
  ok: "\u2713", PARTLY: "\u25d0", INVALID: "\u26a0", FASTER: "\u25bc", BETTER: "\u25b2",
  SLOWER: "\u25b2", WORSE: "\u25bc", SAME: "=", AMBIGUOUS: "?", added: "+", removed: "\u2212",
  "not judged": "\u00b7", met: "\u2713", missed: "\u2717",
};
const GOOD = new Set(["ok", "FASTER", "BETTER", "met"]);
const NEUTRAL = new Set(["SAME", "AMBIGUOUS", "PARTLY", "added", "removed", "not judged"]);

function verdictOf(sheet, row) {
  const presence = sheet.text("presence", row);
  return sheet.text("verdict", row) || (presence && presence !== "both" ? presence : "not judged");
}

function badge(text) {
  if (!text) return "";
  const tone = GOOD.has(text) ? "good" : NEUTRAL.has(text) ? "neutral" : "bad";
  return el("span", { class: "badge " + tone },
    el("span", { "aria-hidden": "true" }, (SIGNS[text] || "\u2717") + "\u00a0"), el("span", { class: "word" }, text));
}
