"""Metaflow's metadata, read from the records that runs leave in the datastore: there is no service to ask.

`src/metadata` answers the same to clients outside, over HTTP; `test/metadata` holds the two together.
"""
