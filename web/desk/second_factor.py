"""The second factor of one's own account: turned on with an authenticator, off, and its recovery codes."""

from __future__ import annotations

import segno
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from stations.accounts import failures, second
from stations.errors import Invalid
from web import db
from web.desk.blueprint import blueprint
from web.desk.entering import admitted, attempt
from web.desk.keys import key_for
from web.desk.saying import wrong
from web.desk.staff import current, member_page
from web.i18n import say

__all__ = ["make_codes", "second_factor", "turn_off"]

Page = AnyResponse | tuple[str, int] | str
_KEY = "second factor"


@blueprint.route("/me/second-factor", methods=["GET", "POST"])
@member_page(confirmed=True)
def second_factor() -> Page:
    """Show the code to scan and turn the second factor on with the first six digits."""
    member = current()
    if member.has_second_factor:
        return redirect(url_for("desk.me"), 303)
    error, status = None, 200
    if request.method == "POST":
        tried = attempt(member.login)
        error, status = admitted(tried), 429
        if error is None:
            try:
                with db.writing() as writing:
                    codes = second.confirm(
                        writing, member.id, request.form.get("code", ""), key=key_for(_KEY), now=db.now()
                    )
                    failures.forgive(writing, tried)
            except Invalid as found:
                error, status = wrong(found), 400
            else:
                return render_template("desk/codes.html", codes=codes)
    with db.writing() as writing:
        secret = second.begin(writing, member.id, key=key_for(_KEY))
    shown = second.uri(secret, login=member.login, site=say("驿站地图"))
    page = render_template(
        "desk/second_factor.html",
        qr=segno.make(shown, error="m", micro=False).svg_data_uri(scale=5, border=4, light="#fff"),
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        error=error,
    )
    return (page, status) if error else page


@blueprint.post("/me/second-factor/off")
@member_page(confirmed=True)
def turn_off() -> AnyResponse:
    """Turn the second factor off."""
    with db.writing() as writing:
        second.remove(writing, current().id, now=db.now())
    flash(say("两步验证已关闭。"))
    return redirect(url_for("desk.me"), 303)


@blueprint.post("/me/second-factor/codes")
@member_page(confirmed=True)
def make_codes() -> Page:
    """Make new recovery codes; the former ones are of no use any more."""
    member = current()
    if not member.has_second_factor:
        return redirect(url_for("desk.second_factor"), 303)
    with db.writing() as writing:
        codes = second.make_codes(writing, member.id, key=key_for(_KEY), now=db.now())
    return render_template("desk/codes.html", codes=codes)
