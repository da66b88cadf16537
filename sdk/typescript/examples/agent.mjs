// An agent that needs an account somewhere: it makes itself an inbox, gives the address to a sign-up form, and reads the code
// that comes. Run it with the service's address in MAILWARD_URL.
import { Mailward } from "mailward";

const mw = await Mailward.create();
const inbox = await mw.createInbox({ displayName: "Sign-up agent" });
console.log(inbox.address);

// ... here the agent would type that address into a form ...

const found = await inbox.waitForCode({ timeout: 60_000 });
if (!found) throw new Error("no code came");
console.log(found.code ?? found.link);
await inbox.delete();
