"""The language that the store and the cloud share: events, zones, cameras, sync.

Imported by ``desktop_app`` and ``cloud_api``; imports neither.
"""
