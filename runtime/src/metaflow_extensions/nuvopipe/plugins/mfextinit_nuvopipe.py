"""A Metaflow extension. Metaflow finds it by its path in any folder of the Python path.

There must be no `__init__.py` in the folders around it.
"""

METADATA_PROVIDERS_DESC = [("nuvopipe", ".records_metadata.provider.RecordsMetadata")]
