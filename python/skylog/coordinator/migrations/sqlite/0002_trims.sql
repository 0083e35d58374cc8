-- Logs whose start has moved: extents that lie below it have to go, and the running maximum of the others has to
-- forget their times. It is made anew up to `base_offset`, where it is `running_max_timestamp`; extents up to
-- `unsure_offset` may hold one that was made for an earlier start.
CREATE TABLE trims (
    log_no INTEGER PRIMARY KEY,
    base_offset INTEGER NOT NULL DEFAULT -1,
    running_max_timestamp INTEGER NOT NULL DEFAULT -1,
    unsure_offset INTEGER NOT NULL DEFAULT -1
);
