// An agent that needs an account somewhere: it makes itself an inbox, gives the address to a sign-up form, and reads the code
// that comes. Run it with the service's address in MAILWARD_URL.
import { Mailward } from "mailward";

const mw = await Mailward.create();
const inbox = await mw.createInbox({ displayName: "Sign-up agent" });
console.log(inbox.address);

// ... here the agent would type that address into a form ...

const email = await inbox.waitForEmail({ subject: /code/i, timeout: 60_000 });
if (!email) throw new Error("no code came");
if (email.security.injectionRisk === "high") throw new Error("this mail is not to be trusted");
console.log(email.body.match(/\b\d{6}\b/)?.[0]);
await inbox.delete();
