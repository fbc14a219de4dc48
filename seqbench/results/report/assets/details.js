// Every field of one row, in a panel beside the table; the link names the row.

function selectRow(place) {
  const row = grid.rows[place];
  if (row === undefined) return;
  change({ row: grid.sheet.keyOf(row) }, "row");
}

function openDetails(place, focus = true) {
  if (grid.rows[place] === undefined) return;
  selectRow(place);
  if (focus) byId("close-details").focus();
}

function closeDetails() {
  const panel = byId("details");
  const inside = panel.contains(document.activeElement);
  panel.hidden = true;
  change({ row: "" }, "row");
  if (inside) grid.root.focus();
}

function drawDetails(sheet) {
  const panel = byId("details");
  const row = view.row ? sheet.rowOf(view.row) : -1;
  for (const node of grid.shown.values()) {
    const own = grid.rows[Number(node.dataset.place)];
    node.setAttribute("aria-selected", own === row ? "true" : "false");
  }
  panel.hidden = row < 0;
  if (row < 0) return;
  replace(panel,
    el("div", { class: "panel-head" },
      el("h2", { id: "details-title" }, "Row"),
      el("button", { type: "button", onclick: copyLink }, "Copy link"),
      el("button", { type: "button", id: "close-details", onclick: closeDetails }, "Close")),
    el("dl", {}, orderedColumns(sheet).flatMap((name) => field(sheet, name, row))));
}

function field(sheet, name, row) {
  const exact = sheet.text(name, row);
  if (exact === "") return [];
  const shown = cellText(sheet, name, row);
  const more = sheet.columns.get(name).isNumber && shown !== exact
    ? el("span", { class: "exact" }, exact) : null;
  return [el("dt", {}, title(name)), el("dd", {}, shown, more)];
}

async function copyLink(event) {
  const button = event.currentTarget;
  let told = "Copied";
  try {
    await navigator.clipboard.writeText(link());
  } catch {
    told = "The address bar has it";
  }
  button.textContent = told;
  tell(told);
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && byId("details").contains(document.activeElement)) closeDetails();
});
