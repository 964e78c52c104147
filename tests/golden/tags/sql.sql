-- A yard that sorts wagons.
CREATE SCHEMA yard;

-- One wagon.
CREATE TABLE IF NOT EXISTS yard.wagons (
    id INTEGER PRIMARY KEY,
    name VARCHAR(40) NOT NULL DEFAULT 'größe 𝒳',
    load NUMERIC(6, 2), -- in tons
    track_id INTEGER REFERENCES tracks (id)
);

CREATE TABLE tracks (id INTEGER PRIMARY KEY, capacity INTEGER DEFAULT 40);

CREATE UNIQUE INDEX wagons_by_load ON yard.wagons (load DESC);

/* What does not fit. */
CREATE OR REPLACE VIEW overfull AS
SELECT t.id, count(*) AS held
FROM tracks AS t
JOIN yard.wagons AS w ON w.track_id = t.id
GROUP BY t.id
HAVING count(*) > t.capacity;

CREATE MATERIALIZED VIEW heaviest AS
SELECT max(load) FROM yard.wagons;

CREATE TYPE direction AS ENUM ('left', 'right');

CREATE FUNCTION total(load NUMERIC) RETURNS NUMERIC AS $$
    SELECT load + 12.5;
$$ LANGUAGE sql;

WITH light AS (SELECT * FROM yard.wagons WHERE load < 10)
UPDATE tracks SET capacity = 41 WHERE id IN (SELECT track_id FROM light);

INSERT INTO tracks (id, capacity) VALUES (1, 40);
ALTER TABLE tracks ADD COLUMN length INTEGER;
DROP VIEW overfull;
