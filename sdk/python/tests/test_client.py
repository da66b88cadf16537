"""The client against the real service: tokens, inboxes, mail, errors, webhooks."""

import concurrent.futures
import contextlib
import datetime
import http.server
import itertools
import os
import re
import socket
import stat
import tempfile
import threading
import unittest
import urllib.parse
from pathlib import Path

import mailward
from mailward import Mailward
from service import base_url, deliver, plain, tenant

ROOT = Path(__file__).parents[3]


@contextlib.contextmanager
def cable():
    """A way to the service that can be cut: its port, and what cuts all that goes over it."""
    target = urllib.parse.urlsplit(base_url)
    wires = []

    def carry(source, sink):
        with contextlib.suppress(OSError):
            while some := source.recv(65536):
                sink.sendall(some)
        cut([source, sink])

    def cut(ends=None):
        for end in wires if ends is None else ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                near, _ = near_side.accept()
                far = socket.create_connection((target.hostname, target.port))
                wires.extend([near, far])
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=carry, args=ends, daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as near_side:
        threading.Thread(target=accept, daemon=True).start()
        yield near_side.getsockname()[1], cut
        near_side.shutdown(socket.SHUT_RDWR)
        cut()
        for end in wires:
            end.close()


class ClientTest(unittest.TestCase):
    def setUp(self):
        self.mw = Mailward.create(base_url=base_url, token=tenant()["token"])

    def test_without_a_token_it_signs_up_and_keeps_the_token_for_its_owner_alone(self):
        first = Mailward.create(base_url=f"{base_url}/")
        kept = Path.home() / ".mailward" / "token"
        self.assertEqual(kept.read_text(), f"{first.token}\n{base_url}\n")
        self.assertEqual(stat.S_IMODE(kept.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(kept.parent.stat().st_mode), 0o700)
        again = Mailward.create(base_url=base_url, signup=False)
        self.assertEqual(again.token, first.token)
        self.assertEqual(again.account().tier_name, "free")
        for options in ({"base_url": "http://127.0.0.1:1"}, {"base_url": base_url, "token_file": False}):
            with self.assertRaises(mailward.MailwardError) as raised:
                Mailward.create(signup=False, **options)
            self.assertEqual(raised.exception.code, "no_token")
        kept.chmod(0o644)
        with self.assertRaises(mailward.MailwardError) as raised:
            Mailward.create(base_url=base_url)
        self.assertEqual(raised.exception.code, "token_file_exposed")
        kept.unlink()

    def test_a_token_file_may_be_elsewhere_and_the_environment_goes_before_it(self):
        made = tenant()
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "token"
            file.touch(mode=0o600)
            file.write_text(made["token"])
            mw = Mailward.create(base_url=base_url, token_file=file)
            self.assertEqual(mw.account().id, made["id"])
            os.environ.update(MAILWARD_TOKEN=self.mw.token, MAILWARD_URL=base_url)
            try:
                self.assertEqual(Mailward.create(token_file=file).token, self.mw.token)
            finally:
                del os.environ["MAILWARD_TOKEN"], os.environ["MAILWARD_URL"]

    def test_mail_comes_as_a_list_that_knows_its_cursor_and_goes_on_over_all_pages(self):
        inbox = self.mw.create_inbox(display_name="Shop bot")
        for n in range(5):
            deliver(plain(f"Number {n}", "text"), inbox.address)
        page = inbox.receive(limit=2)
        self.assertEqual([email.subject for email in page], ["Number 4", "Number 3"])
        self.assertEqual(inbox.receive(limit=2, cursor=page.cursor)[0].subject, "Number 2")
        self.assertEqual([email.subject for email in page.all()], [f"Number {n}" for n in (4, 3, 2, 1, 0)])
        for email in inbox.receive():
            self.assertEqual(email.security.injection_risk, "low")
            self.assertEqual(email.security.injectionRisk, "low")
            self.assertNotIn(email.subject, repr(email))
        self.assertEqual(self.mw.inbox(inbox.id).email_count, 5)
        self.assertEqual(self.mw.inboxes(address=inbox.address)[0].id, inbox.id)

    def test_nothing_that_came_to_a_new_inbox_is_missed_and_each_mail_is_handed_out_once(self):
        inbox = self.mw.create_inbox()
        for subject in ("One", "Two", "Three"):
            deliver(plain(subject, f"of {subject}"), inbox.address)
        three = inbox.wait_for_email(subject="Three", timeout=30)
        self.assertTrue(three.body.startswith("of Three"))
        self.assertEqual(inbox.wait_for_email(timeout=30).subject, "One")
        self.assertEqual(inbox.wait_for_email(subject=re.compile("^T"), timeout=30).subject, "Two")
        self.assertIsNone(inbox.wait_for_email(timeout=0.9))
        with concurrent.futures.ThreadPoolExecutor() as pool:
            waiting = pool.submit(inbox.wait_for_email, from_="Shop@example.com", timeout=30)
            deliver(plain("No", "text"), inbox.address)
            deliver(plain("Yes", "text", "Shop <shop@example.com>"), inbox.address)
            self.assertEqual(waiting.result().subject, "Yes")

    def test_who_comes_to_an_old_inbox_waits_for_what_comes_next(self):
        made = self.mw.create_inbox()
        deliver(plain("Before", "text"), made.address)
        inbox = self.mw.inbox(made.id)
        self.assertIsNone(inbox.wait_for_email(timeout=1))
        deliver(plain("After", "text"), made.address)
        self.assertEqual(inbox.wait_for_email(timeout=30).subject, "After")

    def test_a_model_gets_the_safe_text_of_a_mail_and_threads_and_search_find_it(self):
        inbox = self.mw.create_inbox()
        deliver(plain("Dinner", "Shall we meet at seven?"), inbox.address)
        email = inbox.receive()[0]
        self.assertIn("Shall we meet at seven?", email.safe_body())
        self.assertNotEqual(email.safe_body(), email.safeBody(), "with marks that are new each time")
        self.assertIsNone(email.safe(max_characters=100).next_offset)
        thread = inbox.threads()[0]
        self.assertEqual(thread.subject, "Dinner")
        self.assertEqual(inbox.thread(thread.id)[0].id, email.id)
        self.assertEqual(self.mw.search("dinner seven")[0].id, email.id)
        self.assertEqual(list(self.mw.search("breakfast", limit=1).all()), [])

    def test_attachments_come_as_bytes(self):
        inbox = self.mw.create_inbox()
        raw = (ROOT / "fixtures/attachment.eml").read_bytes()
        deliver(re.sub(rb"\r?\n", b"\r\n", raw), inbox.address)
        email = inbox.receive()[0]
        self.assertTrue(email.has_attachments)
        self.assertEqual(len(email.download(0)), email.attachments[0].size_bytes)
        self.assertIsNone(email.body)
        self.assertIsInstance(email.open().body, str)

    def test_an_inbox_is_changed_has_keys_of_its_own_and_is_given_up(self):
        inbox = self.mw.create_inbox()
        self.assertTrue(inbox.token.startswith("mw_i_"))
        self.assertEqual(inbox.update(display_name="New name").display_name, "New name")
        key = inbox.create_key("second agent")
        self.assertNotIn(key.token, repr(key))
        agent = Mailward.create(base_url=base_url, token=key.token)
        self.assertEqual(len(agent.inboxes()), 1)
        self.assertIn(key.id, [one.id for one in self.mw.keys()])
        self.assertNotEqual(self.mw.rotate_key(key.id).token, key.token)
        with self.assertRaises(mailward.AuthenticationError):
            agent.inboxes()
        self.mw.revoke_key(key.id)
        inbox.delete()
        with self.assertRaises(mailward.NotFoundError):
            self.mw.inbox(inbox.id)

    def test_the_same_name_of_the_client_s_finds_the_same_inbox(self):
        inbox = self.mw.create_inbox(client_id="support")
        again = self.mw.create_inbox(client_id="support")
        self.assertEqual((again.id, again.token), (inbox.id, None))

    def test_a_code_is_waited_for_and_is_no_year_and_no_order_number(self):
        inbox = self.mw.create_inbox()
        deliver(plain("Order 482913", "Order 482913 of 2026 is on its way."), inbox.address)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            waiting = pool.submit(inbox.wait_for_code, from_="example.com", timeout=30)
            deliver(plain("Sign in", "Your verification code is 739204. It expires in 10 minutes."), inbox.address)
            found = waiting.result()
        self.assertEqual((found.code, found.link, found.from_), ("739204", None, "sender@example.com"))
        self.assertNotIn("739204", repr(found))
        email = inbox.get_email(found.email_id)
        self.assertIsNone(email.extraction(), "nobody asked yet")
        self.assertEqual([one["code"] for one in email.extract().codes], ["739204"])
        self.assertEqual(email.extraction().email_id, email.id)
        later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=1)
        self.assertIsNone(inbox.wait_for_code(since=later, timeout=0.9))

    def test_mail_is_sent_answered_in_its_thread_and_sent_once(self):
        ada, bob = self.mw.create_inbox(), self.mw.create_inbox()
        queued = ada.send(bob.address, "Lunch", "At noon?", idempotency_key="lunch-1")
        self.assertEqual(ada.send(bob.address, "Lunch", "At noon?", idempotency_key="lunch-1").id, queued.id)
        with self.assertRaises(mailward.MailwardError) as raised:
            ada.send(bob.address, "Dinner", "At noon?", idempotency_key="lunch-1")
        self.assertEqual(raised.exception.code, "idempotency_mismatch")
        came = bob.wait_for_email(timeout=30)
        self.assertEqual((came.subject, came.extracted_text.strip()), ("Lunch", "At noon?"))
        answer = came.reply("Yes.\n\n> At noon?")
        back = ada.wait_for_email(timeout=30)
        self.assertEqual((back.subject, back.extracted_text.strip()), ("Re: Lunch", "Yes."))
        self.assertEqual(back.thread_id, ada.get_email(queued.id).thread_id)
        self.assertEqual(bob.receive(direction="outbound")[0].id, answer.id)

    def test_an_answer_goes_where_it_is_wanted_and_mail_for_later_is_taken_back(self):
        ada, bob, desk = self.mw.create_inbox(), self.mw.create_inbox(), self.mw.create_inbox()
        ada.send(bob.address, "Order", "Which size?", reply_to=desk.address)
        came = bob.wait_for_email(timeout=30)
        answer = came.reply("Large.")
        self.assertEqual(bob.get_email(answer.id).to, [desk.address])
        self.assertEqual(desk.wait_for_email(timeout=30).subject, "Re: Order")
        came.forward(desk.address, "For you.")
        passed = desk.wait_for_email(subject=re.compile("Fwd"), timeout=30)
        self.assertEqual(passed.subject, "Fwd: Order")
        self.assertRegex(passed.body, r"(?s)^For you\..*Which size\?")
        at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        later = ada.send(bob.address, "Later", "Soon.", send_at=at)
        self.assertEqual(later.status, "queued")
        self.assertEqual(later.send_at[:19], at.isoformat()[:19])
        self.assertEqual(ada.cancel(later.id).status, "cancelled")
        self.assertEqual(ada.get_email(later.id).cancel().status, "cancelled")
        with self.assertRaises(mailward.MailwardError) as raised:
            bob.get_email(answer.id).cancel()
        self.assertEqual(raised.exception.code, "conflict")

    def test_what_happens_is_told_as_it_happens_and_again_from_where_it_ended(self):
        inbox = self.mw.create_inbox()
        deliver(plain("One", "text"), inbox.address)
        log = list(self.mw.events(limit=1).all())
        first = next(event for event in log if event.type == "email.received")
        deliver(plain("Two", "text"), inbox.address)

        def subjects(after, count):
            told = (event for event in inbox.stream(after=after) if event.type == "email.received")
            return list(itertools.islice(told, count))

        (two,) = subjects(first.id, 1)
        self.assertEqual((two.data["subject"], two.inbox_id), ("Two", inbox.id))
        with concurrent.futures.ThreadPoolExecutor() as pool:
            coming = pool.submit(subjects, two.id, 2)
            deliver(plain("Three", "text"), inbox.address)
            deliver(plain("Four", "text"), inbox.address)
            self.assertEqual([event.data["subject"] for event in coming.result()], ["Three", "Four"])
        self.assertEqual(self.mw.redeliver(two.id).webhooks, 0)
        gone = self.mw.create_inbox()
        gone.delete()
        with self.assertRaises(mailward.NotFoundError):
            next(gone.stream())

    def test_a_stream_whose_connection_was_lost_goes_on_where_it_was(self):
        inbox = self.mw.create_inbox()
        with cable() as (port, cut):
            wired = Mailward.create(base_url=f"http://127.0.0.1:{port}", token=self.mw.token)
            deliver(plain("One", "text"), inbox.address)
            begin = self.mw.events(limit=1)[0].id
            told = []
            for event in wired.inbox(inbox.id).stream(after=begin):
                if event.type != "email.received":
                    continue
                told.append(event.data["subject"])
                if len(told) == 3:
                    break
                cut()
                deliver(plain(f"After {len(told)}", "text"), inbox.address)
        self.assertEqual(told, ["One", "After 1", "After 2"], "each once, in order, across two cuts")

    def test_domains_are_named_looked_at_and_given_up_and_use_is_shown_by_day(self):
        domain = self.mw.add_domain("agents.example.com")
        self.assertEqual(domain.status, "pending_verification")
        self.assertTrue(any(record.type == "MX" and record.priority for record in domain.dns_records))
        self.assertEqual(self.mw.verify_domain(domain.id).id, domain.id)
        self.assertEqual(self.mw.domain(domain.id).domain, "agents.example.com")
        self.assertEqual([one.id for one in self.mw.domains()], [domain.id])
        self.mw.delete_domain(domain.id)
        self.assertEqual(self.mw.domains(), [])
        inbox = self.mw.create_inbox()
        deliver(plain("One", "text"), inbox.address)
        used = self.mw.usage()
        self.assertEqual((used.total.received, used.days[-1].received, used.inbox_id), (1, 1, None))

    def test_errors_are_of_a_class_with_the_service_s_word_and_what_to_do(self):
        @contextlib.contextmanager
        def fails(kind, code):
            with self.assertRaises(kind) as raised:
                yield
            error = raised.exception
            self.assertEqual((type(error), error.code), (kind, code))
            self.assertRegex(error.request_id, "^req_")
            self.assertTrue(error.fix and error.fix in str(error))

        self.mw.create_inbox(local_part="taken-once")
        with fails(mailward.AddressCollisionError, "address_collision"):
            self.mw.create_inbox(local_part="taken-once")
        with fails(mailward.InvalidRequestError, "validation_error"):
            self.mw.create_inbox(local_part="no address")
        with fails(mailward.AuthenticationError, "unauthorized"):
            Mailward.create(base_url=base_url, token="mw_t_x").account()
        small = Mailward.create(base_url=base_url, token=tenant(plan="free")["token"])
        for _ in range(5):
            small.create_inbox()
        with fails(mailward.QuotaError, "quota_exceeded"):
            small.create_inbox()
        agent = Mailward.create(base_url=base_url, token=self.mw.create_inbox().token)
        with fails(mailward.PermissionDeniedError, "insufficient_scope"):
            agent.create_inbox()
        with self.assertRaises(mailward.NotFoundError):
            self.mw.inbox("ibx_00000000000000000000000000")
        with self.assertRaises(mailward.NoAnswerError):
            Mailward.create(base_url="http://127.0.0.1:1", token="x", retries=0).account()

    def test_who_asks_too_often_waits_as_long_as_told_and_is_served(self):
        with concurrent.futures.ThreadPoolExecutor(max_workers=60) as pool:
            answers = list(pool.map(lambda _: self.mw.account().id, range(60)))
        self.assertEqual(len(set(answers)), 1)

    def test_a_call_of_a_webhook_holds(self):
        calls = []
        arrived = threading.Event()

        class Endpoint(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802
                body = self.rfile.read(int(self.headers["content-length"]))
                calls.append((body, dict(self.headers)))
                self.send_response(200)
                self.end_headers()
                # The first call of all is a challenge.
                if len(calls) == 2:
                    arrived.set()

            def log_message(self, *_):
                pass

        with http.server.HTTPServer(("127.0.0.1", 0), Endpoint) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            inbox = self.mw.create_inbox()
            url = f"http://127.0.0.1:{server.server_port}/hook"
            made = self.mw.create_webhook(url, inbox_id=inbox.id)
            self.assertEqual([one.id for one in self.mw.webhooks()], [made.id])
            deliver(plain("Told", "text"), inbox.address)
            arrived.wait()
            self.assertEqual(mailward.verify_webhook(*calls[0], made.secret)["type"], "webhook.verify")
            event = mailward.verify_webhook(*calls[1], made.secret)
            self.assertEqual((event["type"], event["data"]["subject"]), ("email.received", "Told"))
            with self.assertRaises(mailward.SignatureError):
                mailward.verify_webhook(calls[0][0] + b" ", calls[0][1], made.secret)
            self.mw.delete_webhook(made.id)
            self.assertEqual(self.mw.webhooks(), [])
            server.shutdown()


if __name__ == "__main__":
    unittest.main()
