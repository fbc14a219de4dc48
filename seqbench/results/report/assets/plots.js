// Which plot is shown: tabs over those that the table can fill.

const PLOTS = [verdictPlot, costPlot, qualityPlot, heatMap];

function drawPlots(sheet, rows) {
  const fitting = PLOTS.filter((one) => one.fits(sheet));
  byId("plots").hidden = fitting.length === 0;
  if (!fitting.length) return;
  const chosen = fitting.find((one) => one.id === view.plot) || fitting[0];
  const tabs = fitting.map((one) => el("button", {
    type: "button", role: "tab", id: "tab-" + one.id, "aria-selected": one === chosen ? "true" : "false",
    "aria-controls": "plot", tabindex: one === chosen ? 0 : -1,
    onclick: () => change({ plot: one.id }, "plot"), onkeydown: (event) => tabKey(event, fitting, one),
  }, one.title));
  const focused = byId("plot-tabs").contains(document.activeElement);
  replace(byId("plot-tabs"), tabs);
  if (focused) byId("tab-" + chosen.id).focus();
  byId("plot").setAttribute("aria-labelledby", "tab-" + chosen.id);
  drawPlot(sheet, rows, chosen);
}

function tabKey(event, fitting, one) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const next = fitting[(fitting.indexOf(one) + step + fitting.length) % fitting.length];
  change({ plot: next.id }, "plot");
  event.preventDefault();
}

function drawPlot(sheet, rows, plot) {
  const box = byId("plot");
  byId("tooltip").hidden = true;
  const focused = box.contains(document.activeElement) ? document.activeElement.closest("label") : null;
  const place = focused ? [...box.querySelectorAll("label")].indexOf(focused) : -1;
  const [controls, drawn] = plot.draw(sheet, rows, box);
  if (drawn === undefined) replace(box, controls);
  else replace(box, el("div", { class: "bar" }, controls), drawn);
  const again = box.querySelectorAll("label select")[place];
  if (again) again.focus();
}
