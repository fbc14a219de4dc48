// Which rows are shown, in which order.

// Numbers that say where a row stands and are no result: rows are never out of rank by them.
const PLACES = new Set([
  "seed", "round", "repetition", "n", "trials", "done", "valid", "schema_version", "pairs",
]);

function isMeasured(column) {
  return column.isNumber && !/^(p|size)\./.test(column.name) && !PLACES.has(column.name);
}

// Uint8Array: 1 where some column of the row holds every word.
function matching(sheet, words) {
  const kept = new Uint8Array(sheet.length).fill(1);
  for (const word of words) {
    const found = new Uint8Array(sheet.length);
    for (const column of sheet.columns.values()) mark(column, word, found);
    for (let row = 0; row < kept.length; row++) kept[row] &= found[row];
  }
  return kept;
}

function mark(column, word, found) {
  if (column.isNumber) {
    if (!/^[-\d.e+naif]+$/.test(word)) return;
    for (let row = 0; row < found.length; row++) {
      if (!found[row] && column.text(row).toLowerCase().includes(word)) found[row] = 1;
    }
    return;
  }
  const holds = column.texts.map((text) => text.toLowerCase().includes(word));
  if (!holds.includes(true)) return;
  for (let row = 0; row < found.length; row++) if (holds[column.codes[row]]) found[row] = 1;
}

function selectRows(sheet, { search, filters, sort, descending }) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = matching(sheet, words);
  for (const [name, values] of filters) {
    const column = sheet.columns.get(name);
    for (let row = 0; column && row < kept.length; row++) {
      if (kept[row] && !values.has(column.text(row))) kept[row] = 0;
    }
  }
  const rows = [];
  for (let row = 0; row < kept.length; row++) if (kept[row]) rows.push(row);
  const column = sheet.columns.get(sort);
  return column ? rows.sort(order(sheet, column, descending)) : rows;
}

// Behind the others, whatever the direction: rows without a value, and by a result the unranked.
function order(sheet, column, descending) {
  const sign = descending ? -1 : 1;
  const value = column.isNumber ? (row) => column.number(row) : (row) => column.rank(row);
  const missing = column.isNumber ? (row) => Number.isNaN(value(row)) : (row) => !column.text(row);
  const measured = isMeasured(column);
  return (a, b) => {
    const behind = missing(a) - missing(b);
    if (behind) return behind;
    if (measured && sheet.isRanked[a] !== sheet.isRanked[b]) {
      return sheet.isRanked[b] - sheet.isRanked[a];
    }
    if (missing(a)) return a - b;
    return sign * (value(a) - value(b)) || a - b;
  };
}
