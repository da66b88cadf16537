// The agent of the hosted service's guide: the only thing that changed is where the service is.
import { LobsterMail } from "@lobsterkit/lobstermail";

const lm = await LobsterMail.create({ baseUrl: process.env.MAILWARD_URL });
const inbox = await lm.createSmartInbox({ name: "Sign-up agent" });
console.log(inbox.address);

// ... here the agent would type that address into a form ...

const email = await inbox.waitForEmail({ filter: { subject: /code/i }, timeout: 60_000 });
if (!email || email.isInjectionRisk) throw new Error("no code came that is to be trusted");
console.log(email.body.match(/\b\d{6}\b/)?.[0]);
await lm.deleteInbox(inbox.id);
