"""A problem as a page in the language of its reader: what it means, and the ways on from there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import unquote

from fastapi import Request

from geo.errors import Finding
from geo.text import Text
from service.http.html import frame_of, page
from service.operations.traces import REQUEST_ID

#: slug of a problem → what it means, and what to do about it.
WORDS: Mapping[str, Text] = {
    "not-found": {
        "ja": "このアドレスには何もありません。名前が変わったか、打ちまちがいがあるかもしれません。",
        "en": "There is nothing at this address. It may have another name, or be misspelt.",
    },
    "method-not-allowed": {
        "ja": "このアドレスでは、別のHTTPメソッドを使います。使えるものはAllowヘッダーにあります。",
        "en": "This address is asked in another way (HTTP method); the Allow header lists which.",
    },
    "invalid-area-code": {
        "ja": "地域コードは、5桁か6桁の数字です（例：長野県塩尻市は20215）。",
        "en": "An area code has five or six digits: that of Shiojiri in Nagano is 20215.",
    },
    "invalid-parameter": {
        "ja": "アドレスの中に、使えない条件があります。条件を選び直してください。",
        "en": "The address asks for something that it cannot have. Please choose again.",
    },
    "invalid-file": {
        "ja": "ファイルの形式、文字コード、列のいずれかが正しくないため、何も読み込んでいません。",
        "en": "The format, encoding or columns of the file are wrong, so nothing was loaded.",
    },
    "invalid-geometry": {
        "ja": "図形の座標か形が正しくないため、使えません。",
        "en": "The coordinates or the shape of a geometry are wrong, so it cannot be used.",
    },
    "invalid-rows": {
        "ja": "誤りのある行があるため、表のどの行も読み込んでいません。誤りはすべて一覧にしてあります。",
        "en": "Some rows are wrong, so no row of the table was loaded. All faults are listed.",
    },
    "unmatched-name": {
        "ja": "当てはまる地域がないか、複数あります。都道府県名を付けるか、地域コードを使ってください。",
        "en": "A name fits no area, or several. Write its prefecture before it, or use area codes.",
    },
    "not-enough-data": {
        "ja": "この計算に必要な数の地域や期間がありません。",
        "en": "There are too few areas or periods to work this out.",
    },
    "not-convertible": {
        "ja": "求められた境界には、この数値を換算できません。別の基準日を選んでください。",
        "en": "The figures cannot be carried to the boundaries asked for. Choose those of another date.",
    },
    "unclassifiable-values": {
        "ja": "値が少ないか偏っていて、階級に分けられません。別の方法か、少ない階級数を選んでください。",
        "en": "The values are too few or too alike for this class scheme. Choose another, or fewer classes.",
    },
    "too-many-features": {
        "ja": "一度に返せる量を超えています。地域や範囲を絞るか、ファイルをダウンロードしてください。",
        "en": "This is more than one answer may hold. Ask for fewer areas, or download a file.",
    },
    "unauthorized": {
        "ja": "書き込みにはAPIキーが要ります。読むだけなら要りません。",
        "en": "Writing needs an API key; reading does not.",
    },
    "forbidden": {
        "ja": "お使いのAPIキーでは、この操作はできません。運営者にお尋ねください。",
        "en": "The API key does not allow this. Ask whoever runs the site.",
    },
    "key-in-address": {
        "ja": "アドレスは記録や履歴に残ります。APIキーはX-API-Keyヘッダーで送ってください。",
        "en": "Addresses stay in logs and histories. Send the key in the header X-API-Key.",
    },
    "request-timeout": {
        "ja": "リクエストの残りが届かないため、接続を閉じました。もう一度お試しください。",
        "en": "The rest of the request did not come, so the connection was closed. Please try again.",
    },
    "too-large": {
        "ja": "送られた内容が大きすぎます。分けて送ってください。",
        "en": "What was sent is too large. Send it in parts.",
    },
    "key-reused": {
        "ja": "同じIdempotency-Keyで別の内容が送られています。新しい書き込みには新しいキーを付けてください。",
        "en": "Something else was sent under this Idempotency-Key. Give each write a name of its own.",
    },
    "still-at-work": {
        "ja": "同じIdempotency-Keyの書き込みを処理中です。少し待って、同じ内容をもう一度お送りください。",
        "en": "The write under this Idempotency-Key is still at work. Wait a little and send the same again.",
    },
    "too-many-kept": {
        "ja": "このAPIキーで保存している応答が多すぎます。24時間を過ぎたものから順に消えます。",
        "en": "Too many answers are kept for this API key. Each goes after twenty-four hours.",
    },
    "too-many-connections": {
        "ja": "同じアドレスからの接続が多すぎます。一つの接続で続けて取得してください。",
        "en": "There are too many connections from this address. Use each for many requests.",
    },
    "not-acceptable": {
        "ja": "求められた形式（Acceptヘッダー）では答えられません。",
        "en": "There is no answer in the media types that were asked for (Accept header).",
    },
    "unknown-format": {"ja": "この形式では答えられません。", "en": "There is no answer in this format."},
    "unavailable": {
        "ja": "データベースに接続できないか、起動の途中です。少し待ってから、もう一度お試しください。",
        "en": "The database cannot be reached, or the site is starting. Please try again in a moment.",
    },
    "busy": {
        "ja": "混み合っています。少し待ってから、もう一度お試しください。",
        "en": "Too many are waiting. Please try again in a moment.",
    },
    "too-many-requests": {
        "ja": "お使いの接続元からの要求が1分間の上限を超えました。少し待ってから、もう一度お試しください。",
        "en": "Your address asked for more than is answered in a minute. Please try again in a moment.",
    },
    "font-missing": {
        "ja": "画像を描くための書体がサーバーにありません。運営者にお知らせください。",
        "en": "The server lacks the fonts that pictures are written with. Please tell whoever runs the site.",
    },
    "no-room": {
        "ja": "サーバーに空きがなく、保存できません。何も変わっていません。運営者にお知らせください。",
        "en": "The server has no room for this, and nothing was changed. Please tell whoever runs the site.",
    },
    "internal": {
        "ja": "サイトの側の誤りです。記録されましたので、同じことが続くときは運営者にお知らせください。",
        "en": "The fault is ours, and it was logged. If it happens again, please tell whoever runs the site.",
    },
}


def problem_page(
    request: Request,
    slug: str,
    title: Text,
    status: int | None = None,
    detail: str = "",
    findings: Iterable[Finding] = (),
    near: Sequence[tuple[str, Text]] = (),
) -> bytes:
    """Return a problem as a page; without a status what such a problem means.

    Parameters
    ----------
    near : id and name of what may have been meant, which stand beside what was asked for
    """
    frame = frame_of(request)
    folder, _, last = request.scope["path"].rpartition("/")
    return page(
        "problem.html",
        frame,
        title[frame.lang],
        words=WORDS[slug],
        slug=slug,
        status=status,
        detail=detail,
        findings=[*findings],
        near=[(f"{folder}/{id}", name) for id, name in near],
        request_id=REQUEST_ID.get() if status else "",
        sought=unquote(last).replace("-", " ")[:100] if status == 404 else "",
    )
