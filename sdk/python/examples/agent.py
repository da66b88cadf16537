"""An agent that needs an account somewhere: it makes itself an inbox, gives the address to a sign-up form, and reads the code
that comes. Run it with the service's address in MAILWARD_URL."""

import re

from mailward import Mailward

mw = Mailward.create()
inbox = mw.create_inbox(display_name="Sign-up agent")
print(inbox.address, flush=True)

# ... here the agent would type that address into a form ...

email = inbox.wait_for_email(subject=re.compile("code", re.I), timeout=60)
if email is None or email.security.injection_risk == "high":
    raise SystemExit("no code came that is to be trusted")
print(re.search(r"\b\d{6}\b", email.body)[0])
inbox.delete()
