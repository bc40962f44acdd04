"""A password for who has none or forgot it: by a one-time link, handed over by an administrator or sent by mail."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import current_app, flash, redirect, render_template, request, url_for
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from stations.accounts import entering, links, mailing
from stations.errors import Invalid, NotFound
from web import db
from web.desk import mail
from web.desk.blueprint import blueprint
from web.desk.entering import admitted, attempt
from web.desk.saying import wrong
from web.desk.staff import open_page
from web.i18n import say
from web.settings import Settings

__all__ = ["forgotten", "one_time_link"]

#: A link in a mail is younger than one that is handed over: it lies in a mailbox.
_MAILED_FOR = timedelta(hours=1)


@blueprint.route("/link/<token>", methods=["GET", "POST"])
@open_page
def one_time_link(token: str) -> AnyResponse | tuple[str, int] | str:
    """Set a password with a one-time link; opening it uses nothing up, so that previews of messengers do no harm."""
    error = None
    if request.method == "POST":
        password = request.form.get("password", "")
        if password != request.form.get("again", ""):
            error = say("两次输入的密码不一样。")
        else:
            try:
                with db.writing() as writing:
                    staff = links.take(writing, token, now=db.now())
                    if staff is None:
                        raise NotFound("this link was used, or is too old")
                    entering.set_password(writing, staff.id, password, now=db.now())
            except NotFound:
                return render_template("desk/link_gone.html"), 404
            except Invalid as found:
                error = wrong(found)
            else:
                flash(say("密码已设置，请登录。"))
                return redirect(url_for("desk.log_in"), 303)
    with db.writing() as reading:
        holder = links.holder(reading, token, now=db.now())
        if holder is None:
            return render_template("desk/link_gone.html"), 404
        page = render_template("desk/link.html", login=holder.login, name=holder.display_name, error=error)
    return (page, 400) if error else page


@blueprint.route("/forgotten", methods=["GET", "POST"])
@open_page
def forgotten() -> AnyResponse | tuple[str, int] | str:
    """Send a link to the address of an account, and say the same whether there is one or not."""
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    can_send = mail.can_send(settings)
    if request.method == "GET" or not can_send:
        return render_template("desk/forgotten.html", can_send=can_send)
    login = request.form.get("login", "")
    if (refused := admitted(attempt(login))) is not None:
        return render_template("desk/forgotten.html", can_send=True, error=refused), 429
    engine: Engine = current_app.extensions["yizhan.engine"]
    words = (
        say("驿站地图工作台：设置密码"),
        say("请在一小时内打开下面的链接设置新密码。如果不是您要求的，不用理会这封信。"),
    )
    now = db.now()
    mail.beside(lambda: _send(settings, engine, login, words, now))
    flash(say("如果这个账号登记了邮箱，一小时内有效的链接已经寄出。没有收到，请找管理员。"))
    return redirect(url_for("desk.log_in"), 303)


def _send(settings: Settings, engine: Engine, login: str, words: tuple[str, str], now: datetime) -> None:
    with Session(engine) as session, session.begin():
        found = mailing.address_of(session, login)
        if found is None:
            return
        staff_id, address = found
        token = links.make(session, staff_id, now=now, by=None, good_for=_MAILED_FOR)
    subject, text = words
    mail.send(settings, address, subject, f"{text}\n\n{settings.public_url}/desk/link/{token}\n")
