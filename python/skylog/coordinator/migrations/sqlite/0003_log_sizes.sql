-- Bytes of a log's rows in `extents`; those in `arrivals` are counted when they go from there, and those of older
-- files, where some may be in both, when the file is opened and everything is folded.
ALTER TABLE logs ADD COLUMN size INTEGER DEFAULT 0;
UPDATE logs SET size = NULL;
