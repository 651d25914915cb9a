(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const keep = (key, value) => {
    try { localStorage.setItem(`mlplab-${key}`, value); } catch { /* private windows keep nothing */ }
  };
  const theme = () => root.dataset.theme || (system.matches ? "dark" : "light");
  const language = () => root.dataset.language;
  const read = (id) => {
    const element = document.getElementById(id);
    return element ? JSON.parse(element.textContent) : {};
  };
  const specs = read("chart-specs");
  const looks = read("chart-looks");
  const shown = new Map();

  // Charts are as wide as they were drawn, or as the page where that is narrower. Marks may stand
  // outside the axes, so the width of the whole is measured and the axes get what is left.
  const fit = async (box, chart) => {
    const room = box.parentElement.clientWidth;
    if (!room || room === chart.room) return;
    chart.room = room;
    for (let pass = 0; pass < 3; pass += 1) {
      const spare = room - box.querySelector("svg").getBoundingClientRect().width;
      const width = chart.view.width();
      const wanted = Math.max(90, Math.min(chart.natural, Math.floor(width + spare)));
      if (wanted === width) return;
      await chart.view.width(wanted).runAsync();
    }
  };

  const draw = async (holder) => {
    const box = holder.querySelector(".live");
    const name = holder.dataset.name;
    const spec = specs[name][language()];
    const result = await vegaEmbed(box, spec, {
      actions: false,
      config: looks[theme()],
      mode: "vega-lite",
      renderer: "svg",
      tooltip: { theme: theme() },
    });
    shown.get(name)?.view.finalize();
    const chart = { view: result.view, natural: result.view.width(), room: 0 };
    shown.set(name, chart);
    holder.classList.add("ready");
    await fit(box, chart);
  };

  const drawAll = () => {
    if (!window.vegaEmbed) return;
    for (const holder of document.querySelectorAll(".chart")) {
      // The picture below stays where a chart cannot be drawn.
      draw(holder).catch((error) => console.error(holder.dataset.name, error));
    }
  };

  const apply = () => {
    root.lang = language() === "zh" ? "zh-Hans" : "en";
    document.title = root.dataset[language() === "zh" ? "titleZh" : "titleEn"];
    const other = document.getElementById("switch-language");
    other.textContent = language() === "zh" ? "English" : "中文";
    other.lang = language() === "zh" ? "en" : "zh";
    document.getElementById("switch-theme").setAttribute("aria-pressed", String(theme() === "dark"));
    drawAll();
  };

  document.getElementById("switch-language").addEventListener("click", () => {
    root.dataset.language = language() === "zh" ? "en" : "zh";
    keep("language", language());
    apply();
  });
  document.getElementById("switch-theme").addEventListener("click", () => {
    root.dataset.theme = theme() === "dark" ? "light" : "dark";
    keep("theme", root.dataset.theme);
    apply();
  });
  system.addEventListener("change", apply);
  new ResizeObserver(() => {
    for (const holder of document.querySelectorAll(".chart.ready")) {
      fit(holder.querySelector(".live"), shown.get(holder.dataset.name));
    }
  }).observe(document.getElementById("content"));
  apply();
})();
