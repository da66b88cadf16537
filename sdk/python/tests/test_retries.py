"""What is made again and what is not, against a server that fails as servers and networks do; and signatures."""

import http.server
import json
import threading
import unittest

import mailward
from mailward import Mailward

seen = []
script = []


class Failing(http.server.BaseHTTPRequestHandler):
    """Answers as the script says."""

    def answer(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        seen.append((self.command, self.path, dict(self.headers)))
        status, headers, body = script.pop(0) if script else (200, {}, {})
        if status == 0:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *_):
        pass


class RetriesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Failing)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.base_url = f"http://127.0.0.1:{cls.server.server_port}"
        cls.mw = Mailward.create(base_url=cls.base_url, token="mw_t_secret")

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def plays(self, *answers):
        seen.clear()
        script[:] = [(status, headers, body) for status, headers, body in answers]

    def test_a_read_is_made_again_when_the_service_or_the_network_fails_for_a_moment(self):
        key = {"data": []}
        self.plays((503, {"Retry-After": "0"}, {}), (0, {}, {}), (502, {}, {}), (200, {}, key))
        self.assertEqual(self.mw.keys(), [])
        self.assertEqual(len(seen), 4)

    def test_after_so_many_tries_the_error_is_told(self):
        self.plays(*[(503, {}, {})] * 4)
        with self.assertRaises(mailward.ServiceError):
            self.mw.keys()
        self.assertEqual(len(seen), 4)
        self.plays(*[(0, {}, {})] * 4)
        with self.assertRaises(mailward.NoAnswerError):
            self.mw.keys()

    def test_a_change_is_made_again_only_where_the_service_does_it_once(self):
        self.plays((0, {}, {}))
        with self.assertRaises(mailward.NoAnswerError):
            self.mw.create_webhook("https://a.test")
        self.assertEqual(len(seen), 1)
        made = {"id": "wh_1"}
        self.plays((429, {"Retry-After": "0"}, {}), (403, {}, {"error": "no", "fix": "use another"}), (200, {}, made))
        with self.assertRaises(mailward.PermissionDeniedError) as raised:
            self.mw.create_webhook("https://a.test")
        self.assertEqual((len(seen), raised.exception.fix), (2, "use another"))
        inbox = dict.fromkeys(
            ("id", "address", "displayName", "domain", "isActive", "emailCount", "expiresAt", "createdAt")
        )
        self.plays((0, {}, {}), (503, {}, {}), (201, {}, inbox))
        self.mw.create_inbox()
        keys = {headers["Idempotency-Key"] for _, _, headers in seen}
        self.assertEqual((len(seen), len(keys)), (3, 1))

    def test_who_is_told_to_wait_for_long_is_told_so(self):
        self.plays((429, {"Retry-After": "3600"}, {}))
        with self.assertRaises(mailward.RateLimitError) as raised:
            self.mw.keys()
        self.assertEqual((len(seen), raised.exception.retry_after), (1, 3600))

    def test_a_token_does_not_follow_a_redirection(self):
        self.plays((302, {"Location": f"{self.base_url}/elsewhere"}, {}))
        with self.assertRaises(mailward.MailwardError):
            self.mw.keys()
        self.assertEqual([path for _, path, _ in seen], ["/v1/keys"])


class SignatureTest(unittest.TestCase):
    """The example of the Standard Webhooks specification, and what must not pass."""

    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    now = 1614265330

    def test_the_published_example_holds(self):
        verify = mailward.verify_webhook
        self.assertEqual(verify(self.body, self.headers, self.secret, now=self.now), {"test": 2432232314})
        shouted = {name.title(): value for name, value in self.headers.items()}
        self.assertTrue(verify(self.body.decode(), shouted, ["whsec_b3RoZXI=", self.secret], now=self.now))
        several = {**self.headers, "webhook-signature": f"v1a,xx v1,AAAA {self.headers['webhook-signature']}"}
        self.assertTrue(verify(self.body, several, self.secret, now=self.now))

    def test_what_was_changed_is_old_or_is_from_the_future_does_not_pass(self):
        now = self.now
        for body, changed, secret, at in (
            (self.body + b" ", {}, self.secret, now),
            (self.body, {"webhook-id": "msg_other"}, self.secret, now),
            (self.body, {"webhook-timestamp": "1614265331"}, self.secret, now),
            (self.body, {"webhook-timestamp": "NaN"}, self.secret, now),
            (self.body, {"webhook-timestamp": "²"}, self.secret, now),
            (self.body, {"webhook-signature": "v1,"}, self.secret, now),
            (self.body, {"webhook-signature": ""}, self.secret, now),
            (self.body, {}, "whsec_b3RoZXI=", now),
            (self.body, {}, self.secret, now + 301),
            (self.body, {}, self.secret, now - 301),
            (self.body, {}, self.secret, None),
        ):
            with self.assertRaises(mailward.SignatureError):
                mailward.verify_webhook(body, {**self.headers, **changed}, secret, now=at)
        with self.assertRaises(ValueError):
            mailward.verify_webhook(self.body, self.headers, "whsec_", now=now)


if __name__ == "__main__":
    unittest.main()
