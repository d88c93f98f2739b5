"""A Metaflow extension: Metaflow finds it by its place, wherever this runtime is on the Python path.

There must be no `__init__.py` in the folders around it.
"""

METADATA_PROVIDERS_DESC = [("nuvopipe", ".records_metadata.provider.RecordsMetadata")]
