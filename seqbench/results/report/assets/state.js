// What is shown, and the link that says so: #t=table&q=words&s=-value&f.metric=time&row=key

const view = {
  sheet: sheetNames[0], search: "", sort: "", descending: false, filters: new Map(),
  columns: null, row: "", plot: "", options: {},
};
const listeners = [];

// `changed` is what has to be drawn anew: sheet, rows, columns, row or plot.
function change(changes, changed) {
  Object.assign(view, changes);
  writeLink();
  for (const listener of listeners) listener(changed);
}

function onChange(listener) {
  listeners.push(listener);
}

function toLink() {
  const words = new URLSearchParams();
  if (view.sheet !== sheetNames[0]) words.set("t", view.sheet);
  if (view.search) words.set("q", view.search);
  if (view.sort) words.set("s", (view.descending ? "-" : "") + view.sort);
  for (const [name, values] of view.filters) {
    for (const value of values) words.append("f." + name, value);
  }
  for (const name of view.columns || []) words.append("c", name);
  if (view.row) words.set("row", view.row);
  if (view.plot) words.set("p", view.plot);
  for (const [name, value] of Object.entries(view.options)) words.set("o." + name, value);
  return words.toString();
}

function fromLink(text) {
  const words = new URLSearchParams(text);
  const sheet = words.get("t");
  const sort = words.get("s") || "";
  const read = {
    sheet: sheetNames.includes(sheet) ? sheet : sheetNames[0],
    search: words.get("q") || "",
    sort: sort.replace(/^-/, ""),
    descending: sort.startsWith("-"),
    filters: new Map(),
    columns: words.has("c") ? words.getAll("c") : null,
    row: words.get("row") || "",
    plot: words.get("p") || "",
    options: {},
  };
  for (const [name, value] of words) {
    if (name.startsWith("f.")) {
      const column = name.slice(2);
      read.filters.set(column, (read.filters.get(column) || new Set()).add(value));
    } else if (name.startsWith("o.")) read.options[name.slice(2)] = value;
  }
  return read;
}

let written = "";

function writeLink() {
  const text = toLink();
  if (text === written) return;
  written = text;
  // Where the page may not touch its history, the link is kept behind `Copy link` alone.
  try {
    history.replaceState(null, "", text ? "#" + text : location.pathname + location.search);
  } catch {
    return;
  }
}

function link() {
  return location.href.split("#")[0] + "#" + toLink();
}

// Filters and sort of the table before mean nothing in another.
function showSheet(name) {
  change({
    sheet: name, search: "", sort: "", descending: false, filters: new Map(), columns: null,
    row: "", plot: "", options: {},
  }, "sheet");
}

function setFilter(column, value, on) {
  const filters = new Map(view.filters);
  const values = new Set(filters.get(column));
  if (on) values.add(value);
  else values.delete(value);
  if (values.size) filters.set(column, values);
  else filters.delete(column);
  change({ filters, options: view.options }, "rows");
}
