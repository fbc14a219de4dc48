// From rows to marks: what tells lines apart, medians of repeated values, choices of metrics.

const metricName = (one) => [one.metric, one.phase].filter(Boolean).join(" ");

// The phase is told where a metric has several.
function metricTitle(sheet, one) {
  const same = sheet.metrics.filter((other) => other.metric === one.metric && other.phase !== "ceiling");
  return same.length > 1 ? metricName(one) : one.metric;
}

function metricChoice(sheet, name, metrics, chosen, option) {
  const options = metrics.map((one) => [metricName(one), metricTitle(sheet, one)]);
  return choice(name, options, metricName(chosen), (value) => setOption(option, value));
}

function metricsOf(sheet, kept) {
  return sheet.metrics.filter((one) => one.phase !== "ceiling" && kept(one));
}

// The one that was chosen in the link, else the first that `wanted` names, else the first.
function chosenMetric(found, option, wanted) {
  const asked = view.options[option];
  const byName = found.find((one) => metricName(one) === asked);
  if (byName) return byName;
  for (const name of wanted) {
    const fits = found.filter((one) => one.metric === name);
    if (fits.length) return fits.find((one) => one.phase === "forward_backward") || fits[0];
  }
  return found[0];
}

function setOption(name, value) {
  change({ options: { ...view.options, [name]: value } }, "plot");
}

function rowsOf(sheet, rows, metric) {
  return rows.filter((row) => sheet.text("metric", row) === metric.metric &&
    sheet.text("phase", row) === metric.phase && Number.isFinite(sheet.number("value", row)));
}

// Names of columns that say where a case stands: swept values, then who ran it.
function placeColumns(sheet) {
  const swept = [...sheet.columns.keys()].filter((name) => name.startsWith("p.") && name !== "p.seed");
  const others = ["experiment", "table", "kernel_impl"].filter((name) => sheet.has(name));
  return [...swept, ...others];
}

// As few further columns as it takes to have one value an x; those that x tells are left out.
function tellingColumns(sheet, rows, x) {
  const telling = [];
  for (const name of placeColumns(sheet)) {
    if (name === x || sheet.columns.get(name).isConstant) continue;
    const seen = new Map();
    for (const row of rows) {
      const place = [x, ...telling].map((one) => sheet.text(one, row)).join("~");
      const value = sheet.text(name, row);
      if (seen.has(place) && seen.get(place) !== value) {
        telling.push(name);
        break;
      }
      seen.set(place, value);
    }
  }
  return telling;
}

function label(sheet, names, row) {
  const values = names.map((name) => [name, sheet.text(name, row)]).filter(([, value]) => value !== "");
  const plain = values.every(([, value]) => Number.isNaN(Number(value)));
  return values.map(([n, v]) => (plain ? v : `${sheet.title(n)}=${v}`)).join(plain ? " " : ", ");
}

function grouped(rows, keyOf) {
  const groups = new Map();
  for (const row of rows) {
    const key = keyOf(row);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(row);
  }
  return groups;
}

// One value of rows that stand at the same place: their median; of a single one its interval too.
function valueOf(sheet, rows, factor = 1) {
  const ranked = rows.filter((row) => sheet.isRanked[row]);
  const used = ranked.length ? ranked : rows;
  const one = used.length === 1 ? used[0] : -1;
  return {
    value: median(used.map((row) => sheet.number("value", row))) / factor,
    low: one < 0 ? NaN : sheet.number("ci_low", one) / factor,
    high: one < 0 ? NaN : sheet.number("ci_high", one) / factor,
    ranked: ranked.length > 0, n: used.length, state: sheet.text("state", used[0]),
  };
}

function intervalText(found) {
  return Number.isFinite(found.low) && found.low !== found.high
    ? ` [${number(found.low)}, ${number(found.high)}]` : "";
}

function limited(series) {
  const left = series.length - MOST_SERIES;
  return left > 0
    ? [series.slice(0, MOST_SERIES), `${left} more of ${series.length} are not drawn: filter the table to choose.`]
    : [series, ""];
}
