"""An agent that needs an account somewhere: it makes itself an inbox, gives the address to a sign-up form, and reads the code
that comes. Run it with the service's address in MAILWARD_URL."""

from mailward import Mailward

mw = Mailward.create()
inbox = mw.create_inbox(display_name="Sign-up agent")
print(inbox.address, flush=True)

# ... here the agent would type that address into a form ...

found = inbox.wait_for_code(timeout=60)
if found is None:
    raise SystemExit("no code came")
print(found.code or found.link)
inbox.delete()
