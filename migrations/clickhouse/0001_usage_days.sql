-- One user's use of one name on one local day, added up by the engine as parts merge.
-- Whoever reads must still group by the key: parts not merged yet stand side by side.
-- The window is how many blocks back a resent batch is known by its insert_deduplication_token.
CREATE TABLE IF NOT EXISTS usage_days (
    user_key Int64,
    day Int32,
    name_id Int64,
    count SimpleAggregateFunction(sum, UInt64),
    engaged_ms SimpleAggregateFunction(sum, UInt64),
    first_ms SimpleAggregateFunction(min, UInt32)
)
ENGINE = AggregatingMergeTree
ORDER BY (user_key, day, name_id)
SETTINGS non_replicated_deduplication_window = 10000
