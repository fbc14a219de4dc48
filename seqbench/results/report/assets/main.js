// What is drawn when, and the theme.

let sheet = null;
let rows = [];

function redraw(changed) {
  if (changed === "sheet") {
    sheet = openSheet(view.sheet);
    byId("sheet").value = view.sheet;
    byId("search").value = view.search;
    for (const name of [...view.filters.keys()]) if (!sheet.has(name)) view.filters.delete(name);
    if (!sheet.has(view.sort)) view.sort = "";
    grid.active = { place: -1, column: 0 };
    rows = selectRows(sheet, view);
    drawGrid(sheet, rows);
    drawFilters(sheet);
    drawColumnChoice(sheet);
    drawProvenance(sheet);
  }
  if (changed === "columns") drawGrid(sheet, rows);
  if (changed === "row") {
    drawDetails(sheet);
    return;
  }
  if (changed !== "plot") drawRowsOf();
  drawPlots(sheet, rows);
}

function drawRowsOf() {
  rows = selectRows(sheet, view);
  if (columnsFor(sheet, rows).join("~") !== grid.names.join("~")) {
    drawGrid(sheet, rows);
    drawColumnChoice(sheet);
  }
  setRows(sheet, rows);
  drawSort(sheet);
  drawChips(sheet);
  drawSame(sheet, rows);
  for (const node of document.querySelectorAll("details.facet")) markFacet(node);
  const behind = rows.filter((row) => !sheet.isRanked[row]).length;
  byId("count").textContent = rows.length === sheet.length
    ? several(rows.length, "row") : `${rows.length.toLocaleString("en")} of ${several(sheet.length, "row")}`;
  byId("unranked").textContent = behind ? `${behind.toLocaleString("en")} not ranked` : "";
  drawDetails(sheet);
}

function revealRow() {
  if (grid.active.place < 0) return;
  scrollToActive();
  drawRows();
}

function readLink() {
  Object.assign(view, fromLink(location.hash.slice(1)));
  redraw("sheet");
  revealRow();
  writeLink();
}

// Where a link leads: to the row or the table, or to the plot that it alone names.
function reveal() {
  const toPlot = (view.plot || Object.keys(view.options).length) && !view.row && !view.sort;
  byId(toPlot ? "plots" : "tables").scrollIntoView();
}

function drawAnswers() {
  const items = page.answers.map((one) => el("li", {},
    el("button", { type: "button", onclick: () => showAndGo(one.sheet) }, el("bdi", {}, one.experiment)),
    el("div", {},
      el("p", {}, one.question ? el("b", {}, one.question + " ") : null, one.sentence),
      one.verdict ? el("p", {}, el("b", { class: "claim " + one.verdict }, one.verdict), " ", one.claim) : null)));
  replace(byId("answer-list"), items);
  byId("answers").hidden = items.length === 0;
  replace(byId("notes"), page.notes.map((note) => el("li", {}, note)));
  byId("notes").hidden = page.notes.length === 0;
}

function showAndGo(name) {
  showSheet(name);
  byId("tables").scrollIntoView();
  byId("sheet").focus();
}

const THEMES = ["auto", "light", "dark"];
let theme = "auto";

function showTheme(chosen) {
  theme = chosen;
  document.documentElement.dataset.theme = chosen;
  byId("theme").textContent = "Theme: " + chosen;
}

function nextTheme() {
  showTheme(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]);
  try {
    localStorage.setItem("seqbench-theme", theme);
  } catch {
    return; // kept for this visit alone
  }
}

function rememberedTheme() {
  try {
    const kept = localStorage.getItem("seqbench-theme");
    return THEMES.includes(kept) ? kept : "auto";
  } catch {
    return "auto";
  }
}

function start() {
  showTheme(rememberedTheme());
  byId("theme").addEventListener("click", nextTheme);
  byId("title").textContent = visible(page.title);
  byId("written").textContent = `seqbench ${page.version}, written ${page.written_at.replace("T", " ").replace("+00:00", " UTC")}`;
  drawAnswers();
  byId("sheet").append(...sheetNames.map((name) => option(name, name, false)));
  byId("sheet").addEventListener("change", () => showSheet(byId("sheet").value));
  let waiting = 0;
  byId("search").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => change({ search: byId("search").value }, "rows"), 120);
  });
  byId("sort").addEventListener("change", () => change({ sort: byId("sort").value }, "rows"));
  byId("direction").addEventListener("click", () => change({ descending: !view.descending }, "rows"));
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    grid.root.focus();
  });
  onChange(redraw);
  readLink();
  if (location.hash) reveal();
  addEventListener("hashchange", () => {
    if (location.hash.slice(1) === written) return;
    readLink();
    reveal();
  });
  addEventListener("resize", resized());
  document.documentElement.dataset.ready = "yes";
}

function resized() {
  let width = innerWidth;
  let waiting = 0;
  return () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      if (innerWidth === width) return drawRows();
      width = innerWidth;
      grid.root.style.setProperty("--row", rowHeight() + "px");
      setRows(sheet, rows);
      drawPlots(sheet, rows);
    }, 100);
  };
}

start();
