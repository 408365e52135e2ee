"""Fetches a page with aiohttp: aiohttp_client.py URL"""

import asyncio
import sys

import aiohttp


async def main():
    async with aiohttp.ClientSession() as session:
        async with session.get(sys.argv[1]) as response:
            response.raise_for_status()
            await response.text()


asyncio.run(main())
