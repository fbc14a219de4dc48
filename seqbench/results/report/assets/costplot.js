// Cost against size on logarithmic axes, with the roof where the rows hold the ceilings.

const COSTS = ["time", "time_per_token", "decode_time", "train_time", "tokens_per_s", "peak_memory"];

function sizeColumns(sheet, rows) {
  const found = [...sheet.columns.values()].filter((column) => {
    return column.isNumber && /^(p|size)\./.test(column.name) &&
      new Set(rows.map((row) => column.number(row)).filter(Number.isFinite)).size > 1;
  });
  return found.map((column) => column.name);
}

const costPlot = {
  id: "cost", title: "Cost against size",
  fits: (sheet) => sheet.kind === "ratios"
    || (metricsOf(sheet, (one) => one.cost).length > 0 && sizeColumns(sheet, allRows(sheet)).length > 0),
  draw: (sheet, rows, box) => (sheet.kind === "ratios" ? ratioCost : metricCost)(sheet, rows, box),
};

function allRows(sheet) {
  return Array.from({ length: sheet.length }, (_, row) => row);
}

function chosenSize(sheet, names) {
  const hinted = "p." + (sheet.hints.x || "");
  const usual = names.find((name) => /hidden_size|width|\.H$|\.T$|\.V$/.test(name));
  const asked = view.options.x;
  return names.includes(asked) ? asked : names.includes(hinted) ? hinted : usual || names[0];
}

function metricCost(sheet, rows, box) {
  const metrics = metricsOf(sheet, (one) => one.cost);
  const metric = chosenMetric(metrics, "y", [...(sheet.hints.metrics || []), ...COSTS]);
  const own = rowsOf(sheet, rows, metric);
  const names = sizeColumns(sheet, own.length ? own : allRows(sheet));
  if (!names.length) return [nothing("No row that is left has two sizes of this metric.")];
  const x = chosenSize(sheet, names);
  const controls = [
    metricChoice(sheet, "Cost", metrics, metric, "y"),
    choice("Size", names.map((name) => [name, sheet.title(name)]), x, (v) => setOption("x", v)),
  ];
  const [series, unit, factor, told] = costSeries(sheet, own, metric, x);
  const roofs = roofsOf(sheet, metric, series, factor);
  return [controls, drawCost(box, series, roofs, sheet.title(x), header(metricTitle(sheet, metric), "", unit), told)];
}

function costSeries(sheet, rows, metric, x) {
  const usable = rows.filter((row) => sheet.number(x, row) > 0 && sheet.number("value", row) > 0);
  const largest = Math.max(0, ...usable.map((row) => sheet.number("value", row)));
  const { factor, unit } = scaleOf(metric.unit, largest);
  const telling = tellingColumns(sheet, usable, x);
  const lines = grouped(usable, (row) => telling.map((name) => sheet.text(name, row)).join("~"));
  const series = [...lines.values()].map((line) => {
    const name = label(sheet, telling, line[0]) || metricTitle(sheet, metric);
    const marks = [...grouped(line, (row) => sheet.number(x, row))].map(([size, at]) => {
      const found = valueOf(sheet, at, factor);
      const text = [["series", name], [sheet.title(x), number(size)],
        [metricTitle(sheet, metric), withUnit(found.value, unit) + intervalText(found)], ["state", found.state]];
      return { x: size, y: found.value, ...found, text, rows: at };
    });
    return { name, marks, line: true };
  }).sort((a, b) => (a.name < b.name ? -1 : 1));
  const [shown, told] = limited(series);
  return [shown, unit, factor, told];
}

// The limit that the rows were told, else the time that FLOP at the measured GEMM rate or bytes at
// the copy rate take, the larger; as a rate where a rate is drawn. One line for roofs that agree.
function roofsOf(sheet, metric, series, factor) {
  const rates = ceilingsOf(sheet);
  const isRate = metric.unit === "GFLOP/s";
  if (metric.unit !== "s" && !isRate) return [];
  const amounts = amountsOf(sheet, metric.phase);
  const found = new Map();
  series.forEach((one, n) => {
    const points = one.marks.flatMap((mark) => {
      const amount = amounts.get(caseOf(sheet, mark.rows[0]));
      const seconds = amount ? amount.limit || roofSeconds(amount, rates) : 0;
      if (!(seconds > 0) || (isRate && !(amount.flops > 0))) return [];
      return [{ x: mark.x, y: (isRate ? amount.flops / seconds / 1e9 : seconds) / factor }];
    }).sort((a, b) => a.x - b.x);
    const key = points.map((point) => number(point.y, 3)).join();
    if (points.length && !found.has(key)) found.set(key, { points, n });
  });
  const told = [...amounts.values()].some((amount) => amount.limit);
  const name = told ? "roof: the limit by this machine's ceilings"
    : `roof: FLOP at ${number(rates.gemm / 1e9, 3)} GFLOP/s` +
      (rates.copy > 0 ? ` or bytes at ${number(rates.copy / 1e9, 3)} GB/s, the larger` : "");
  return [...found.values()].map((roof) => ({ ...roof, name }));
}

function roofSeconds(amount, rates) {
  if (!(amount.flops > 0 && rates.gemm > 0)) return 0;
  return Math.max(amount.flops / rates.gemm, rates.copy > 0 ? (amount.bytes || 0) / rates.copy : 0);
}

// FLOP and bytes a second, medians of what the rows measured.
function ceilingsOf(sheet) {
  const values = { gemm: [], copy: [] };
  for (let row = 0; row < sheet.length; row++) {
    if (sheet.text("phase", row) !== "ceiling") continue;
    const metric = sheet.text("metric", row);
    const kind = metric === "copy" ? "copy" : metric.startsWith("gemm_") ? "gemm" : "";
    const value = sheet.number("value", row);
    if (kind && value > 0) values[kind].push(value * 1e9);
  }
  return { gemm: values.gemm.length ? median(values.gemm) : NaN, copy: values.copy.length ? median(values.copy) : NaN };
}

function caseOf(sheet, row) {
  return ["table", "case_id", "kernel_impl"].map((name) => sheet.text(name, row)).join("~");
}

function amountsOf(sheet, phase) {
  const amounts = new Map();
  for (let row = 0; row < sheet.length; row++) {
    const metric = sheet.text("metric", row);
    if (!["flops", "bytes", "limit"].includes(metric) || sheet.text("phase", row) !== phase) continue;
    const key = caseOf(sheet, row);
    amounts.set(key, { ...amounts.get(key), [metric]: sheet.number("value", row) });
  }
  return amounts;
}

function drawCost(box, series, roofs, xLabel, yLabel, more) {
  if (!series.length) return nothing("No row that is left holds this metric at two sizes.");
  const area = frame(box);
  const marks = series.flatMap((one) => one.marks);
  const bounds = marks.flatMap((m) => [m.y, m.low, m.high]).concat(roofs.flatMap((r) => r.points.map((p) => p.y)));
  const sizes = marks.map((mark) => mark.x);
  const y = scale(bounds, area.bottom - 8, area.top + 8, { log: true, label: yLabel, most: 7 });
  leave(area, y);
  const x = scale(sizes, area.left + 12, area.right - 12, { log: true, label: xLabel, most: area.narrow ? 5 : 9, only: true });
  const root = svg("g", {});
  const drawn = drawSeries(root, series, roofs, x, y);
  const told = `${yLabel} against ${xLabel}, both on logarithmic axes: ${series.length} series, ` +
    `${several(marks.length, "point")}${roofs.length ? ", dashed the roof of this machine" : ""}. ${more}`;
  return figure(area, told.trim(), [drawAxes(area, x, y), root], drawn, legend(series, roofs));
}

// Ours and the other side of one group, against a size that the group varies.
function ratioCost(sheet, rows, box) {
  const groups = grouped(rows, (row) => sheet.text("group", row));
  const usable = [...groups].filter(([, own]) => sizeColumns(sheet, own).length);
  if (!usable.length) return [nothing("No group that is left has two sizes.")];
  const asked = view.options.group;
  const largest = usable.reduce((best, one) => (one[1].length > best[1].length ? one : best));
  const [group, own] = usable.find(([name]) => name === asked) || largest;
  const names = sizeColumns(sheet, own);
  const x = chosenSize(sheet, names);
  const controls = [
    choice("Group", usable.map(([name]) => [name, name]), group, (v) => setOption("group", v)),
    choice("Size", names.map((name) => [name, sheet.title(name)]), x, (v) => setOption("x", v)),
  ];
  const times = ["ours_median_s", "peer_median_s"];
  const most = Math.max(...own.flatMap((row) => times.map((name) => sheet.number(name, row))).filter(Number.isFinite));
  const { factor, unit } = scaleOf("s", most);
  const series = times.map((name) => {
    const who = name.startsWith("ours") ? "ours" : "peer";
    const named = `${who}: ${sheet.text(who, own[0])}`;
    const marks = own.filter((row) => sheet.number(x, row) > 0 && sheet.number(name, row) > 0).map((row) => ({
      x: sheet.number(x, row), y: sheet.number(name, row) / factor, ranked: true,
      text: [["series", named], ["size", sheet.text("size", row)],
        ["time", withUnit(sheet.number(name, row) / factor, unit)], ["ratio", number(sheet.number("ratio", row))]],
    }));
    return { name: named, marks, line: true };
  });
  return [controls, drawCost(box, series, [], sheet.title(x), `time [${unit}]`, "")];
}
