"""The user's folder: `recto.toml`, database, blobs by content hash, locks. It knows no Dataset or model."""
