"""The demo world: two relying-party portals, the people of the support articles, and everything in one process.

The portals are clients like any other: real Authlib clients that speak to the identity provider over HTTP and know
nothing of its inside but the look of its pages.
"""
