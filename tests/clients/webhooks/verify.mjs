// Reads calls from stdin and says of each whether the verifier of npm's `standardwebhooks` believes it.
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const verdicts = JSON.parse(readFileSync(0, "utf8")).map((call) => {
  const headers = {
    "webhook-id": call.id,
    "webhook-timestamp": call.timestamp,
    "webhook-signature": call.signature,
  };
  try {
    new Webhook(call.secret).verify(call.body, headers);
    return true;
  } catch {
    return false;
  }
});
process.stdout.write(JSON.stringify(verdicts));
