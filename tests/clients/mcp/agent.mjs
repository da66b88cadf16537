// An agent that waits for a code and prints it, with the official client of npm.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const { MAILWARD_URL: url, MAILWARD_KEY: key, MAILWARD_BINARY: command } = process.env;
const transport =
    process.argv[2] === "stdio"
        ? new StdioClientTransport({ command, args: ["mcp", "--server", new URL(url).origin], env: { MAILWARD_KEY: key } })
        : new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { authorization: `Bearer ${key}` } } });
const client = new Client({ name: "agent", version: "1" });
await client.connect(transport);
await client.listTools();
for (let code; !code; ) {
    ({ code } = (await client.callTool({ name: "wait_for_code", arguments: {} })).structuredContent);
    if (code) console.log(code);
}
await client.close();
