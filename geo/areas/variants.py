"""Characters that stand for one another in the names of places: old forms of kanji, radicals, small kana.

A reader of names makes them alike before it compares. None of this is likeness: each pair is one character in
two forms (the list of 常用漢字 with its 旧字体, JIS X 0208 beside JIS X 0213, and what municipalities write).
"""

from __future__ import annotations

import re
import unicodedata

#: Each character after the first of a group is read as the first.
_GROUPS = (
    # as municipal names are written, with and without the 常用漢字 between them
    "ケヶガがヵ のノ之 鯵鰺 竜龍 桧檜 崎﨑嵜碕 釜竈竃 鴎鷗 騨驒 館舘 槙槇 薮藪 篭籠 芦蘆 高髙 渕淵渊 梼檮 "
    "頴穎 頚頸 鴬鶯 諌諫 砺礪 冨富 峯峰 函凾 吉𠮷 土圡 船舩 杉杦 桑桒 柳栁 蹟跡 野埜 菟莵 蛎蠣 麹麴 靭靱 "
    "壷壺 潅灌 倶俱 繋繫 填塡 頬頰 剥剝 屏屛 呑吞 醤醬 蝉蟬 莱萊 焔焰 痩瘦 鶴靏靍 秋龝 祇祗 鉤鈎 尭堯 槌鎚 "
    "渓溪谿 嶋島嶌 祢禰 遥遙 蕊蘂蕋 曽曾 桝枡 濶闊 箪簞 掴摑 顛顚 躯軀 侠俠 攅攢 蒋蔣 鹸鹼 蝋蠟 噛嚙 "
    # 常用漢字 and their 旧字体
    "呉吳 亜亞 悪惡 圧壓 囲圍 医醫 壱壹 稲稻 飲飮 隠隱 栄榮 営營 衛衞 駅驛 円圓 塩鹽 縁緣 艶艷 応應 欧歐 "
    "桜櫻 奥奧 横橫 温溫 穏穩 仮假 価價 画畫 会會 絵繪 壊壞 懐懷 概槪 拡擴 殻殼 覚覺 学學 岳嶽 楽樂 缶罐 "
    "巻卷 陥陷 勧勸 寛寬 関關 歓歡 観觀 気氣 既旣 帰歸 偽僞 戯戲 犠犧 旧舊 拠據 挙擧 虚虛 峡峽 挟挾 狭狹 "
    "教敎 郷鄕 暁曉 区區 駆驅 勲勳 薫薰 径徑 茎莖 恵惠 掲揭 経經 蛍螢 軽輕 継繼 鶏鷄 芸藝 撃擊 県縣 倹儉 "
    "剣劍劔釼 険險 圏圈 検檢 献獻 権權 顕顯 験驗 厳嚴 広廣 効效 恒恆 黄黃 鉱鑛 号號 国國 黒黑 砕碎 済濟 "
    "斎齋 剤劑 雑雜 参參 桟棧 蚕蠶 惨慘 賛贊 残殘 糸絲 歯齒 児兒 辞辭 湿濕 実實 写寫 釈釋 寿壽 収收 従從 "
    "渋澁澀 獣獸 縦縱 粛肅 処處 叙敍敘 尚尙 将將 称稱 焼燒 証證 奨奬 条條 状狀 乗乘 浄淨 剰剩 畳疊 縄繩 "
    "壌壤 嬢孃 譲讓 醸釀 触觸 嘱囑 真眞 寝寢 慎愼 尽盡 図圖 粋粹 酔醉 穂穗 随隨 髄髓 枢樞 数數 瀬瀨 声聲 "
    "青靑 斉齊 清淸 静靜 摂攝 専專 浅淺 戦戰 践踐 銭錢 潜潛 繊纖 禅禪 双雙 壮壯 争爭 荘莊 捜搜 挿插 巣巢 "
    "装裝 総總 騒騷 増增 蔵藏 臓臟 即卽 属屬 続續 堕墮 対對 体體 帯帶 滞滯 台臺 滝瀧 択擇 沢澤 担擔 単單 "
    "胆膽 団團 断斷 弾彈 遅遲 痴癡 虫蟲 昼晝 鋳鑄 庁廳 徴徵 聴聽 勅敕 鎮鎭 逓遞 鉄鐵 点點 転轉 伝傳 灯燈 "
    "当當 党黨 盗盜 闘鬭 徳德 独獨 読讀 届屆 弐貳 悩惱 脳腦 覇霸 拝拜 廃廢 売賣 麦麥 発發 髪髮 抜拔 蛮蠻 "
    "秘祕 浜濱濵 瓶甁 払拂 仏佛 併倂 並竝 辺邊邉 変變 弁辨瓣辯 歩步 宝寶 豊豐 褒襃 毎每 万萬 満滿 黙默 "
    "弥彌 訳譯 薬藥 与與 予豫 余餘 誉譽 揺搖 様樣 謡謠 来來 頼賴 乱亂 覧覽 両兩 猟獵 緑綠 塁壘 礼禮 励勵 "
    "霊靈 齢齡 歴歷 恋戀 炉爐 労勞 楼樓 録錄 湾灣 亀龜 戸戶 巌巖"
)
FOLDED = str.maketrans({other: group[0] for group in _GROUPS.split() for other in group[1:]})

#: CJK Radicals Supplement that look like whole characters, as PDF writers put them into copied text; the
#: Kangxi radicals are NFKC's. From Unicode's EquivalentUnifiedIdeograph.
_RADICALS = (
    "⺁厂 ⺈刀 ⺊卜 ⺌小 ⺍小 ⺎兀 ⺐尢 ⺒巳 ⺓幺 ⺔彑 ⺕彐 ⺛旡 ⺜日 ⺝月 ⺞歺 ⺟母 ⺠民 ⺧牛 ⺩王 ⺫目 "
    "⺬示 ⺭礻 ⺮竹 ⺶羊 ⺷羊 ⺸羊 ⺻聿 ⺽臼 ⻁虎 ⻃覀 ⻄西 ⻅見 ⻆角 ⻉貝 ⻊足 ⻋車 ⻑長 ⻒長 ⻓長 ⻔門 "
    "⻗雨 ⻘青 ⻙韋 ⻚頁 ⻛風 ⻜飛 ⻝食 ⻞食 ⻟食 ⻢馬 ⻣骨 ⻤鬼 ⻥魚 ⻦鳥 ⻧鹵 ⻨麦 ⻩黄 ⻫斉 ⻬斉 ⻭歯 "
    "⻮歯 ⻯竜 ⻰竜 ⻱亀 ⻲亀 ⻳亀"
)
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
RADICALS = str.maketrans({pair[0]: pair[1] for pair in _RADICALS.split()})


def seen(text: str) -> str:
    """Return a text in NFKC as it is seen: no variation selectors, marks without width or loose radicals.

    >>> seen("⻑久⼿市"), seen("葛\U000e0100城市")
    ('長久手市', '葛城市')
    """
    if text.isascii():
        return text
    composed = _SELECTORS.sub("", unicodedata.normalize("NFKC", text.translate(RADICALS)))
    if composed.isprintable():
        return composed
    return "".join(sign for sign in composed if unicodedata.category(sign) != "Cf")
