"""An agent that waits for a code and prints it, with the official client of PyPI."""

import asyncio
import os

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client


async def main() -> None:
    headers = {"authorization": f"Bearer {os.environ['MAILWARD_KEY']}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        async with Client(streamable_http_client(os.environ["MAILWARD_URL"], http_client=http)) as client:
            code = None
            while not code:
                code = (await client.call_tool("wait_for_code", {})).structured_content["code"]
            print(code)


asyncio.run(main())
