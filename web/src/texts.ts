import type { Lang, Texts } from "./api";

const TEXTS = {
  siteAfter: { ja: "｜chiiki 地域", en: " | chiiki" },
  joint: { ja: "・", en: ", " },
  strategy: { ja: "地方創生に関する総合戦略", en: "Comprehensive strategy for regional revitalisation" },
  skip: { ja: "本文へ移動", en: "Skip to content" },
  language: { ja: "English", en: "日本語" },
  api: { ja: "API", en: "API" },
  failed: { ja: "表示できませんでした。", en: "This could not be shown." },
  retry: { ja: "もう一度試す", en: "Try again" },
  startOver: { ja: "最初の地図に戻る", en: "Back to the first map" },
  close: { ja: "閉じる", en: "Close" },
  copy: { ja: "コピー", en: "Copy" },
  copied: { ja: "コピーしました", en: "Copied" },
  find: { ja: "指標・施策・地域を探す", en: "Find indicators, measures, places" },
  findHint: { ja: "例：高齢化、デマンドバス、まえばし", en: "e.g. ageing, demand bus, Maebashi" },
  nothingFound: { ja: "見つかりません。別の言葉でお試しください。", en: "Nothing found. Try other words." },
  places: { ja: "地域", en: "Places" },
  layers: { ja: "指標・施策", en: "Indicators and measures" },

  stages: { ja: "見方", en: "Views" },
  stage_map: { ja: "地図", en: "Map" },
  stage_two: { ja: "2画面", en: "Two maps" },
  stage_bivariate: { ja: "2指標", en: "Bivariate" },
  stage_table: { ja: "表", en: "Table" },
  stage_compare: { ja: "比較", en: "Compare" },
  stage_kpi: { ja: "KPI", en: "KPIs" },
  stage_logic: { ja: "ロジックモデル", en: "Logic model" },
  stage_roadmap: { ja: "ロードマップ", en: "Roadmap" },

  choose: { ja: "何を見るか", en: "What to see" },
  byGoal: { ja: "政策目標から", en: "By policy goal" },
  byTopic: { ja: "統計の分野から", en: "By topic" },
  indicators: { ja: "指標", en: "Indicators" },
  measures: { ja: "施策の展開", en: "Measures deployed" },
  progress: { ja: "KPIの進捗", en: "KPI progress" },
  known: { ja: "把握している件数", en: "known deployments" },
  how: { ja: "見せ方", en: "How to show it" },
  layer: { ja: "指標・施策", en: "Layer" },
  level: { ja: "地域の単位", en: "Level" },
  prefecture: { ja: "都道府県", en: "Prefectures" },
  municipality: { ja: "市区町村", en: "Municipalities" },
  ward: { ja: "政令市は区別", en: "Cities by ward" },
  scheme: { ja: "区分の方法", en: "Class scheme" },
  scheme_quantiles: { ja: "等量（分位数）", en: "Quantiles" },
  "scheme_equal-interval": { ja: "等間隔", en: "Equal intervals" },
  "scheme_fisher-jenks": { ja: "自然な切れ目", en: "Natural breaks (Fisher–Jenks)" },
  "scheme_head-tail": { ja: "べき分布（head/tail）", en: "Head/tail" },
  "scheme_standard-deviation": { ja: "標準偏差", en: "Standard deviations" },
  scheme_user: { ja: "指定した値", en: "Own breaks" },
  classes: { ja: "区分の数", en: "Classes" },
  palette: { ja: "配色", en: "Palette" },
  safeOnly: { ja: "色覚の多様性に配慮した配色", en: "safe for colour-blind readers" },
  breaksOver: { ja: "全期間で同じ区切り", en: "Same breaks for all periods" },
  breaksMoving: { ja: "動かす間は、全期間で同じ区切り", en: "Same breaks for all periods while the period moves" },
  byDefault: { ja: "標準に戻す", en: "Reset" },
  over: { ja: "重ねる", en: "Overlays" },
  labels: { ja: "地名", en: "Place names" },
  deployments: { ja: "施策の展開", en: "Deployments" },
  noOverlay: { ja: "重ねない", en: "None" },
  allMeasures: { ja: "すべての施策", en: "All measures" },
  gsi: { ja: "地理院タイル", en: "GSI map tiles" },
  gsiCredit: { ja: "地理院タイル（国土地理院）", en: "GSI Tiles (Geospatial Information Authority of Japan)" },
  other: { ja: "もう一つの指標", en: "The other indicator" },
  findLayer: { ja: "指標・施策を探す", en: "Find indicators, measures" },
  sameLayer: { ja: "同じ指標", en: "The same indicator" },
  acrossPeriods: { ja: "別の期間と比べる", en: "against another period" },
  otherPeriod: { ja: "もう一つの期間", en: "The other period" },

  map: {
    ja: "地図。矢印キーで移動、＋と－で拡大縮小、Enterで中央の地域を選択",
    en: "Map. Arrow keys move, plus and minus zoom, Enter chooses the area in the middle",
  },
  zoomIn: { ja: "拡大", en: "Zoom in" },
  zoomOut: { ja: "縮小", en: "Zoom out" },
  home: { ja: "全国を表示", en: "All of Japan" },
  period: { ja: "期間", en: "Period" },
  play: { ja: "再生", en: "Play" },
  pause: { ja: "止める", en: "Pause" },
  legend: { ja: "凡例", en: "Legend" },
  areasCounted: { ja: "地域数", en: "areas" },
  distribution: { ja: "値の分布", en: "Distribution of values" },
  noData: { ja: "データなし", en: "no data" },
  noneKnown: { ja: "把握している展開なし", en: "no known deployment" },

  overview: { ja: "この地図の要約", en: "This map in words" },
  highest: { ja: "上位", en: "Highest" },
  lowest: { ja: "下位", en: "Lowest" },
  cite: { ja: "出典の書き方", en: "Citation" },
  area: { ja: "選んだ地域", en: "Chosen area" },
  pickArea: {
    ja: "地図の地域をクリックするか、上の検索で地域を選ぶと、詳しい数字が出ます。",
    en: "Click an area on the map, or find one above, for its figures.",
  },
  rankNation: { ja: "全国", en: "Nation" },
  rankPrefecture: { ja: "県内", en: "Prefecture" },
  rankPeers: { ja: "類似地域の中央値", en: "Median of peers" },
  rank: { ja: "位", en: "" },
  addToCompare: { ja: "比較に加える", en: "Add to comparison" },
  removeFromCompare: { ja: "比較から外す", en: "Remove from comparison" },
  compareNeighbours: { ja: "近隣と比べる", en: "Compare with neighbours" },
  comparePeers: { ja: "類似地域と比べる", en: "Compare with peers" },
  print: { ja: "印刷", en: "Print" },
  zoomTo: { ja: "地図で拡大", en: "Zoom to it" },
  neighbours: { ja: "近隣の地域", en: "Nearby areas" },
  touches: { ja: "隣接", en: "adjoins" },
  gapCells: { ja: "近くで見ると：メッシュの圏外人口（人）", en: "From near: people in the gap by grid cell" },
  bus: { ja: "バス停", en: "Bus stops" },
  rail: { ja: "鉄道駅", en: "Stations" },
  gapHere: { ja: "交通空白人口の割合", en: "People in the transport gap" },
  runs: { ja: "展開", en: "Deployment" },
  cards: { ja: "政策目標ごとの指標", en: "Figures by policy goal" },
  nationalRole: { ja: "国の役割", en: "National role" },
  deployedHere: { ja: "把握している施策の展開", en: "Known deployments" },
  noneHere: { ja: "公表資料で把握している展開はありません（網羅ではありません）。", en: "None known from published sources (coverage is partial)." },
  inPrefecture: { ja: "県全体の展開", en: "In the whole prefecture" },
  peers: { ja: "よく似た地域", en: "Most similar areas" },
  source: { ja: "出典", en: "Source" },
  since: { ja: "比", en: "since" },
  better: { ja: "改善", en: "better" },
  worse: { ja: "悪化", en: "worse" },
  unchanged: { ja: "横ばい", en: "unchanged" },
  points: { ja: "ポイント", en: " points" },
  onMap: { ja: "地図で見る", en: "Show on the map" },
  atPrefecture: { ja: "県の値", en: "prefecture's figure" },
  target: { ja: "目標", en: "Target" },
  asTable: { ja: "表で見る", en: "As a table" },
  year: { ja: "年", en: "Period" },
  name: { ja: "地域", en: "Area" },
  value: { ja: "値", en: "Value" },
  status: { ja: "状態", en: "Status" },
  code: { ja: "コード", en: "Code" },
  position: { ja: "順位", en: "Rank" },
  filter: { ja: "地域名で絞り込む", en: "Filter by name" },
  rows: { ja: "件", en: "rows" },
  comparing: { ja: "地域を比べる", en: "Compare areas" },
  emptyComparison: {
    ja: "比べる地域がありません。検索で地域を選び「比較に加える」を押してください（5つまで）。",
    en: "No areas to compare. Find one and press “Add to comparison” (up to five).",
  },
  newest: { ja: "最新の値", en: "Newest values" },
  chart: { ja: "推移", en: "Over time" },
  scatter: { ja: "散布図", en: "Scatter plot" },
  correlation: { ja: "順位相関（スピアマン）", en: "Rank correlation (Spearman)" },
  low: { ja: "低", en: "low" },
  high: { ja: "高", en: "high" },
  both: { ja: "地域に両方の値", en: "areas with both values" },

  share: { ja: "共有", en: "Share" },
  shareTitle: { ja: "この画面を共有・保存", en: "Share or save this view" },
  link: { ja: "リンク", en: "Link" },
  embed: { ja: "ページに埋め込むコード", en: "Embed code" },
  component: { ja: "Webコンポーネント", en: "Web component" },
  apiCall: { ja: "この画面のAPI", en: "The API behind this view" },
  download: { ja: "ダウンロード", en: "Download" },
  csv: { ja: "CSV（Excel用）", en: "CSV (for Excel)" },
  png: { ja: "画像（PNG）", en: "Picture (PNG)" },
  gpkg: { ja: "GeoPackage", en: "GeoPackage" },
  xlsx: { ja: "Excel", en: "Excel" },
  svg: { ja: "図（SVG）", en: "Drawing (SVG)" },
  geojson: { ja: "GeoJSON", en: "GeoJSON" },
  status_ok: { ja: "値あり", en: "value" },
  status_not_available: { ja: "公表なし", en: "not available" },
  status_not_applicable: { ja: "該当なし", en: "not applicable" },
  status_secret: { ja: "秘匿", en: "suppressed" },
  status_below_unit: { ja: "単位未満", en: "below the unit" },
  status_unknown: { ja: "不詳", en: "unknown" },
  status_none_known: { ja: "把握なし", en: "none known" },
  status_base_differs: { ja: "人口の対象が異なる", en: "counted on another population" },
  status_not_loaded: { ja: "未取込み", en: "not loaded" },
  status_boundary_changed: { ja: "境界変更で換算不可", en: "not convertible to these boundaries" },
  status_not_at_level: { ja: "この単位の値なし", en: "not told at this level" },
  breakAt: { ja: "から系列が切れています。", en: ": the series breaks. " },
  status_not_additive: { ja: "内訳からは求められない", en: "not told by its parts" },
} satisfies Record<string, Texts>;

export type TextKey = keyof typeof TEXTS;

export function text(key: TextKey, lang: Lang): string {
  return TEXTS[key][lang];
}

/** Return the text of a key made up of parts, or the last part where there is none. */
export function textOf(prefix: string, name: string, lang: Lang): string {
  const found = (TEXTS as Record<string, Texts>)[prefix + name];
  return found ? found[lang] : name;
}

/** Return a name with its unit in brackets. */
export function withUnit(name: Texts, unit: Texts, lang: Lang): string {
  if (!unit[lang]) return name[lang];
  return lang === "ja" ? `${name.ja}（${unit.ja}）` : `${name.en} (${unit.en})`;
}

/** Fill every element that names its text, its label or its placeholder. */
export function translatePage(lang: Lang): void {
  document.documentElement.lang = lang;
  for (const element of document.querySelectorAll<HTMLElement>("[data-text]")) element.textContent = text(element.dataset["text"] as TextKey, lang);
  for (const element of document.querySelectorAll<HTMLElement>("[data-label]"))
    element.setAttribute("aria-label", text(element.dataset["label"] as TextKey, lang));
  for (const element of document.querySelectorAll<HTMLInputElement>("[data-placeholder]"))
    element.placeholder = text(element.dataset["placeholder"] as TextKey, lang);
}
