// Search, sort, filters and columns above the table.

const FACETS = [
  "state", "verdict", "target", "table", "experiment", "task", "group", "ours", "peer", "backend",
  "p.backend.name", "algorithm", "p.cell.name", "kernel_impl", "phase", "metric", "status", "gate",
];
const MOST_VALUES = 400;
const MOST_FACETS = 9;

function facetColumns(sheet) {
  const usable = orderedColumns(sheet).filter((name) => {
    const { values, isNumber } = sheet.columns.get(name);
    const isPlace = !isNumber || /^(p|size)\./.test(name) || name === "seed";
    return isPlace && values.length > 1 && values.length <= MOST_VALUES;
  });
  const known = FACETS.filter((name) => usable.includes(name));
  const others = usable.filter((name) => !known.includes(name) && !KEPT_BACK.test(name));
  return [...known, ...others];
}

function drawFilters(sheet) {
  const names = facetColumns(sheet);
  const open = names.slice(0, MOST_FACETS);
  for (const name of view.filters.keys()) if (names.includes(name) && !open.includes(name)) open.push(name);
  const rest = names.filter((name) => !open.includes(name));
  const root = replace(byId("facets"), open.map((name) => facet(sheet, name)));
  if (rest.length) {
    const more = choice("More", [["", "filter by\u2026"], ...rest.map((n) => [n, sheet.title(n)])], "",
      (name) => name && more.before(facet(sheet, name, true)));
    root.append(more);
  }
}

function facet(sheet, name, open = false) {
  const list = el("div", { class: "values", role: "group", "aria-label": title(name) });
  const counts = new Map();
  for (let row = 0; row < sheet.length; row++) {
    const text = sheet.text(name, row);
    counts.set(text, (counts.get(text) || 0) + 1);
  }
  for (const value of sheet.columns.get(name).values) list.append(facetValue(name, value, counts));
  const count = el("span", { class: "chosen" });
  const made = el("details", {
    class: "facet", "data-column": name, open, ontoggle: () => made.open && closeOthers(made),
  }, el("summary", {}, sheet.title(name), count), list);
  made.columnName = name;
  markFacet(made);
  return made;
}

function facetValue(name, value, counts) {
  const box = el("input", { type: "checkbox", onchange: () => setFilter(name, value, box.checked) });
  box.filterValue = value;
  const shown = value === "" ? "(none)" : value;
  return el("label", {}, box, el("bdi", {}, shown), el("span", { class: "n" }, counts.get(value)));
}

function markFacet(node) {
  const chosen = view.filters.get(node.columnName) || new Set();
  for (const box of node.querySelectorAll("input")) box.checked = chosen.has(box.filterValue);
  node.querySelector(".chosen").textContent = chosen.size ? ` ${chosen.size}` : "";
  node.classList.toggle("used", chosen.size > 0);
}

function closeOthers(kept) {
  for (const node of document.querySelectorAll("details.pop[open], details.facet[open]")) {
    if (node !== kept) node.open = false;
  }
}

document.addEventListener("click", (event) => {
  closeOthers(event.target.closest("details.facet, details.pop"));
});
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && document.activeElement.closest("details.facet, details.pop");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});

function drawChips(sheet) {
  const chips = [];
  for (const [name, values] of view.filters) {
    for (const value of values) chips.push(chip(sheet, name, value));
  }
  if (chips.length || view.search) {
    chips.push(el("button", {
      type: "button", class: "clear", onclick: () => {
        byId("search").value = "";
        change({ filters: new Map(), search: "" }, "rows");
        byId("search").focus();
      },
    }, "Clear all"));
  }
  replace(byId("chips"), chips);
}

function chip(sheet, name, value) {
  const told = value === "" ? "(none)" : value;
  return el("button", {
    type: "button", class: "chip", "aria-label": `Remove the filter ${title(name)} ${told}`,
    onclick: () => setFilter(name, value, false),
  }, el("bdi", {}, `${sheet.title(name)}: ${told}`), el("span", { "aria-hidden": "true" }, " \u00d7"));
}

function drawSort(sheet) {
  const list = byId("sort");
  replace(list, option("", "table's order", !view.sort),
    orderedColumns(sheet).map((name) => option(name, sheet.title(name), view.sort === name)));
  const button = byId("direction");
  button.textContent = view.descending ? "\u2193 descending" : "\u2191 ascending";
  button.disabled = !view.sort;
}

function drawColumnChoice(sheet) {
  const boxes = orderedColumns(sheet).map((name) => {
    const box = el("input", { type: "checkbox", onchange: () => toggleColumn(sheet, name) });
    box.checked = grid.names.includes(name);
    return el("label", {}, box, el("bdi", {}, sheet.title(name)));
  });
  replace(byId("column-choice"), el("details", { class: "pop" },
    el("summary", {}, "Columns"), el("div", { class: "values", role: "group" }, boxes)));
}

function toggleColumn(sheet, name) {
  const shown = new Set(grid.names);
  if (shown.has(name)) shown.delete(name);
  else shown.add(name);
  if (!shown.size) shown.add(name);
  change({ columns: orderedColumns(sheet).filter((one) => shown.has(one)) }, "columns");
}

function drawSame(sheet, rows) {
  const placed = new Set(sheet.provenance.flatMap((entry) => entry.fields.map(([name]) => name)));
  const same = [...sheet.columns.keys()].filter((name) => {
    const value = rows.length ? sheet.text(name, rows[0]) : "";
    return value && value.length < 60 && !grid.names.includes(name) && !KEPT_BACK.test(name) &&
      !placed.has(name) && !differ(sheet, rows, name);
  });
  const told = same.map((name) => `${sheet.title(name)} = ${sheet.text(name, rows[0])}`);
  byId("same").textContent = told.length && rows.length > 1
    ? visible("In every row: " + told.join(", ")) : "";
}
