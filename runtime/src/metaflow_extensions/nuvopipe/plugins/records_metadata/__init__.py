"""Metaflow's metadata, read from the records that runs leave in the datastore. It needs no metadata service.

`src/platform/metadata` gives clients outside of steps the same answers over HTTP; `test/platform/metadata` compares the two.
"""
