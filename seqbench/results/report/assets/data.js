// The tables behind the page: columns of numbers, or of texts kept once each with codes.

class Column {
  constructor(raw) {
    this.name = raw.name;
    this.texts = raw.texts;
    this.codes = raw.codes;
    this.numbers = raw.numbers;
    this.isNumber = Boolean(raw.numbers);
  }

  // The text that a search meets and a filter compares with.
  text(row) {
    if (!this.isNumber) return this.texts[this.codes[row]];
    const value = this.numbers[row];
    return value === null ? "" : String(value);
  }

  // NaN where there is none.
  number(row) {
    const value = this.isNumber ? this.numbers[row] : null;
    return typeof value === "number" ? value : NaN;
  }

  // Different texts in the order in which people count: 2 before 10.
  get values() {
    if (!this.sorted) {
      const all = this.isNumber
        ? [...new Set(this.numbers.map((value) => (value === null ? "" : String(value))))]
        : [...this.texts];
      this.sorted = all.sort(new Intl.Collator("en", { numeric: true }).compare);
    }
    return this.sorted;
  }

  get isConstant() {
    return this.values.length <= 1;
  }

  // The place of each row's text in `values`, for sorting.
  rank(row) {
    if (!this.ranks) {
      const place = new Map(this.values.map((text, n) => [text, n]));
      this.ranks = this.texts.map((text) => place.get(text));
    }
    return this.ranks[this.codes[row]];
  }
}

class Sheet {
  constructor(raw) {
    Object.assign(this, raw);
    this.columns = new Map(raw.columns.map((column) => [column.name, new Column(column)]));
    this.titles = shortTitles([...this.columns.keys()]);
    const ranked = new Set(raw.ranked);
    const state = this.columns.get("state");
    this.isRanked = Uint8Array.from(state.codes, (code) => ranked.has(state.texts[code]));
  }

  title(name) {
    return this.titles.get(name) || title(name);
  }

  has(name) {
    return this.columns.has(name);
  }

  text(name, row) {
    return this.columns.has(name) ? this.columns.get(name).text(row) : "";
  }

  number(name, row) {
    return this.columns.has(name) ? this.columns.get(name).number(row) : NaN;
  }

  // What a link names a row by.
  keyOf(row) {
    if (!this.key.length) return String(row);
    return this.key.map((name) => this.text(name, row)).join("~");
  }

  rowOf(key) {
    for (let row = 0; row < this.length; row++) if (this.keyOf(row) === key) return row;
    return -1;
  }

  // The unit in which a row's value reads well, also for its interval.
  scale(row) {
    return scaleOf(this.text("unit", row), Math.abs(this.number("value", row)));
  }
}

// Every summary below another, with the table's name as a column; made when it is first shown.
function allSummaries(raws) {
  const names = [...new Set(raws.flatMap((raw) => raw.columns.map((column) => column.name)))];
  const length = raws.reduce((sum, raw) => sum + raw.length, 0);
  const columns = names.map((name) => ({ name, ...joined(raws, name) }));
  const tables = raws.flatMap((raw, code) => Array(raw.length).fill(code));
  columns.push({ name: "table", texts: raws.map((raw) => raw.name), codes: tables });
  const metrics = new Map();
  for (const one of raws.flatMap((raw) => raw.metrics)) metrics.set(JSON.stringify(one), one);
  return {
    ...raws[0], name: ALL, source: "every summary of this page", length, columns, hints: {},
    key: ["table", ...raws[0].key], metrics: [...metrics.values()], provenance: [],
  };
}

function joined(raws, name) {
  const found = raws.map((raw) => {
    const column = raw.columns.find((one) => one.name === name);
    return column && column.texts && column.texts.join("") === "" ? undefined : column; // says nothing
  });
  if (found.every((column) => !column || column.numbers)) {
    return { numbers: found.flatMap((c, n) => (c ? c.numbers : Array(raws[n].length).fill(null))) };
  }
  const codes = new Map();
  const code = (text) => codes.get(text) ?? (codes.set(text, codes.size), codes.size - 1);
  const all = found.flatMap((column, n) => {
    if (!column) return Array(raws[n].length).fill(code(""));
    if (column.numbers) return column.numbers.map((v) => code(v === null ? "" : String(v)));
    const own = column.texts.map(code);
    return column.codes.map((c) => own[c]);
  });
  return { texts: [...codes.keys()], codes: all };
}

const ALL = "All summaries";
const page = JSON.parse(byId("data").textContent);
const summaries = page.sheets.filter((raw) => raw.kind === "summary");
const sheetNames = page.sheets.map((raw) => raw.name);
if (summaries.length > 1 && !sheetNames.includes(ALL)) sheetNames.push(ALL);
const opened = new Map();

function openSheet(name) {
  if (!opened.has(name)) {
    const raw = page.sheets.find((one) => one.name === name);
    opened.set(name, new Sheet(raw || allSummaries(summaries)));
  }
  return opened.get(name);
}
