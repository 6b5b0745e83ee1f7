"""The HTTP planes: pages (`public`), servers (`ingest`), people (`admin`). They only translate."""
