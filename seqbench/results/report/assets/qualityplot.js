// Quality against cost: what a better score costs, case by case.

const QUALITIES = ["bleu", "accuracy", "perplexity", "event_f1", "wer", "cer"];

function isQuality(one) {
  return !one.cost && one.direction !== "none";
}

const qualityPlot = {
  id: "quality", title: "Quality against cost",
  fits: (sheet) => metricsOf(sheet, isQuality).length > 0 && metricsOf(sheet, (one) => one.cost).length > 0,
  draw(sheet, rows, box) {
    const qualities = metricsOf(sheet, isQuality);
    const costs = metricsOf(sheet, (one) => one.cost);
    const y = chosenMetric(qualities, "quality", [...(sheet.hints.metrics || []), ...QUALITIES]);
    const scores = casesOf(sheet, rows, y);
    const shared = costs.filter((one) => [...casesOf(sheet, rows, one).keys()].some((key) => scores.has(key)));
    const x = chosenMetric(shared.length ? shared : costs, "cost", [...(sheet.hints.metrics || []), ...COSTS]);
    const controls = [
      metricChoice(sheet, "Quality", qualities, y, "quality"),
      metricChoice(sheet, "Cost", shared.length ? shared : costs, x, "cost"),
    ];
    return [controls, drawQuality(sheet, rows, box, x, y, scores)];
  },
};

function casesOf(sheet, rows, metric) {
  return grouped(rowsOf(sheet, rows, metric), (row) => ["table", "case_id"].map((n) => sheet.text(n, row)).join("~"));
}

function drawQuality(sheet, rows, box, xMetric, yMetric, scores) {
  const costs = casesOf(sheet, rows, xMetric);
  const keys = [...scores.keys()].filter((key) => costs.has(key));
  if (!keys.length) return nothing("No case that is left has both this quality and this cost.");
  const firsts = keys.map((key) => scores.get(key)[0]);
  const telling = placeColumns(sheet).filter((name) => new Set(firsts.map((row) => sheet.text(name, row))).size > 1);
  const texts = telling.filter((name) => !sheet.columns.get(name).isNumber);
  const xScale = scaleOf(xMetric.unit, Math.max(...keys.flatMap((key) => costs.get(key).map((r) => sheet.number("value", r)))));
  const series = [...grouped(keys, (key) => texts.map((n) => sheet.text(n, scores.get(key)[0])).join("~")).values()].map((own) => {
    const name = label(sheet, texts, scores.get(own[0])[0]) || metricTitle(sheet, yMetric);
    return { name, line: false, marks: own.map((key) => qualityMark(sheet, telling, scores.get(key), costs.get(key), xMetric, yMetric, xScale)) };
  }).sort((a, b) => (a.name < b.name ? -1 : 1));
  const [shown, more] = limited(series);
  return qualityChart(sheet, box, shown, xMetric, yMetric, xScale, more, telling.filter((n) => !texts.includes(n)).map((n) => sheet.title(n)));
}

function qualityMark(sheet, telling, scored, costed, xMetric, yMetric, xScale) {
  const score = valueOf(sheet, scored);
  const cost = valueOf(sheet, costed, xScale.factor);
  const unit = yMetric.unit === "1" ? "" : yMetric.unit;
  const text = [["case", label(sheet, telling, scored[0]) || sheet.text("experiment", scored[0])],
    [metricTitle(sheet, yMetric), withUnit(score.value, unit) + intervalText(score)],
    [metricTitle(sheet, xMetric), withUnit(cost.value, xScale.unit) + intervalText(cost)], ["state", score.state]];
  const short = telling.filter((name) => sheet.columns.get(name).isNumber).map((name) => sheet.text(name, scored[0])).join(", ");
  return { x: cost.value, y: score.value, low: score.low, high: score.high, ranked: score.ranked && cost.ranked, text, short };
}

function qualityChart(sheet, box, series, xMetric, yMetric, xScale, more, numbered) {
  const area = frame(box);
  const marks = series.flatMap((one) => one.marks);
  const xs = marks.map((mark) => mark.x);
  const log = Math.min(...xs) > 0 && Math.max(...xs) / Math.min(...xs) > 5;
  const xLabel = header(metricTitle(sheet, xMetric), "", xScale.unit) + sense(xMetric);
  const yLabel = header(metricTitle(sheet, yMetric), "", yMetric.unit) + sense(yMetric);
  const y = scale(marks.flatMap((m) => [m.y, m.low, m.high]), area.bottom - 8, area.top + 12, { label: yLabel });
  leave(area, y);
  const x = scale(xs, area.left + 14, area.right - 30, { log, label: xLabel, most: area.narrow ? 4 : 8 });
  const root = svg("g", {});
  const front = frontOf(marks, xMetric, yMetric);
  if (front.length > 1) root.append(svg("path", { d: path(front, x, y), class: "front" }));
  const drawn = drawSeries(root, series, [], x, y);
  root.append(shortLabels(marks, x, y));
  const named = numbered.length ? ` Numbers beside the points: ${numbered.join(", ")}.` : "";
  const told = `${yLabel} against ${xLabel}: ${several(marks.length, "case")}.` +
    (front.length > 1 ? " The dotted line joins the cases that no other beats in both." : "") + named + " " + more;
  return figure(area, told.trim(), [drawAxes(area, x, y), root], drawn, legend(series, []));
}

function sense(metric) {
  return { higher: " (higher is better)", lower: " (lower is better)" }[metric.direction] || "";
}

// Ranked cases that none beats in quality and cost at once, from the cheapest.
function frontOf(marks, xMetric, yMetric) {
  const xSign = xMetric.direction === "higher" ? -1 : 1;
  const ySign = yMetric.direction === "lower" ? -1 : 1;
  const sorted = marks.filter((mark) => mark.ranked).sort((a, b) => xSign * (a.x - b.x) || ySign * (b.y - a.y));
  let best = -Infinity;
  return sorted.filter((mark) => {
    if (ySign * mark.y <= best) return false;
    best = ySign * mark.y;
    return true;
  });
}

// Beside a mark, where it is written over no other.
function shortLabels(marks, x, y) {
  const taken = marks.map((mark) => [x.place(mark.x) - 5, y.place(mark.y) - 5, 10, 10]);
  const group = svg("g", { class: "axes" });
  for (const mark of marks) {
    if (!mark.short) continue;
    const width = mark.short.length * 7;
    const [px, py] = [x.place(mark.x), y.place(mark.y)];
    const places = [[px + 8, py - 16], [px + 8, py + 4], [px - 8 - width, py - 16], [px - 8 - width, py + 4]];
    const free = places.find(([left, top]) => !taken.some(([l, t, w, h]) => left < l + w && left + width > l && top < t + h && top + 13 > t));
    if (!free) continue;
    taken.push([free[0], free[1], width, 13]);
    group.append(svg("text", { x: free[0], y: free[1] + 11 }, mark.short));
  }
  return group;
}
