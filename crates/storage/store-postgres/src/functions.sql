-- The functions of a schema, with marks for what follows from the tables of the program.
CREATE OR REPLACE FUNCTION landfall_fold_wide(t text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $f$
BEGIN RETURN translate(upper(t COLLATE pg_catalog."C"), '@CASES_FROM@', '@CASES_TO@'); END $f$;

CREATE OR REPLACE FUNCTION landfall_fold(t text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN octet_length(t) = char_length(t) THEN upper(t COLLATE pg_catalog."C") ELSE landfall_fold_wide(t) END;

CREATE OR REPLACE FUNCTION landfall_words_wide(t text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $f$
BEGIN RETURN landfall_fold_wide(regexp_replace(t COLLATE pg_catalog."C", '[^@LETTERS@]+', ' ', 'g')); END $f$;

CREATE OR REPLACE FUNCTION landfall_words(t text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN octet_length(t) = char_length(t)
    THEN upper(regexp_replace(t COLLATE pg_catalog."C", '[^0-9A-Za-z]+', ' ', 'g') COLLATE pg_catalog."C")
    ELSE landfall_words_wide(t) END;

CREATE OR REPLACE FUNCTION landfall_list(t text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN t = '' THEN ARRAY[''] ELSE string_to_array(landfall_fold(t), ';') END;

CREATE OR REPLACE FUNCTION landfall_local(at timestamptz, times bigint[], offsets bigint[]) RETURNS timestamp
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (at AT TIME ZONE 'UTC')
    + offsets[width_bucket((extract(epoch FROM at) * 1000)::bigint, times) + 1] * interval '1 second';

CREATE OR REPLACE FUNCTION landfall_part(part integer, at timestamp, fiscal integer) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (CASE part
    WHEN 0 THEN extract(month FROM at)
    WHEN 1 THEN extract(quarter FROM at)
    WHEN 2 THEN extract(year FROM at)
    WHEN 3 THEN extract(day FROM at)
    WHEN 4 THEN extract(dow FROM at) + 1
    WHEN 5 THEN extract(doy FROM at)
    WHEN 7 THEN mod(extract(month FROM at) - fiscal + 12, 12) + 1
    WHEN 8 THEN div(mod(extract(month FROM at) - fiscal + 12, 12), 3) + 1
    WHEN 9 THEN extract(year FROM at) - (extract(month FROM at) < fiscal)::int
    WHEN 10 THEN extract(hour FROM at)
    WHEN 11 THEN div(extract(day FROM at) - 1, 7) + 1
    WHEN 12 THEN div(extract(doy FROM at) - 1, 7) + 1
END)::bigint;

CREATE OR REPLACE FUNCTION landfall_distance(
    latitude double precision, longitude double precision,
    to_latitude double precision, to_longitude double precision, kilometres boolean) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $f$
DECLARE
    across double precision := sin(radians(to_longitude - longitude) / 2.0);
    along double precision := sin(radians(to_latitude - latitude) / 2.0);
    chord double precision;
    length double precision;
BEGIN
    across := cos(radians(latitude)) * cos(radians(to_latitude)) * (across * across);
    chord := least(greatest(along * along + across, 0.0), 1.0);
    length := 2.0 * @EARTH_RADIUS@::double precision * asin(sqrt(chord));
    RETURN CASE WHEN kilometres THEN length ELSE length / @MILE@::double precision END;
END $f$;

CREATE OR REPLACE FUNCTION landfall_expect(expected bigint, written bigint) RETURNS void
LANGUAGE plpgsql AS $f$
BEGIN
    IF expected <> written THEN
        RAISE EXCEPTION '% of % rows are not there', expected - written, expected USING ERRCODE = '@CONTRADICTED@';
    END IF;
END $f$;

CREATE OR REPLACE FUNCTION landfall_hold(mine bigint) RETURNS void
LANGUAGE plpgsql AS $f$
BEGIN
    PERFORM 1 FROM org WHERE epoch = mine FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'another process has become the writer' USING ERRCODE = '@FENCED@';
    END IF;
END $f$;

CREATE OR REPLACE FUNCTION landfall_advance(
    mine bigint, new_transaction bigint, from_tail bigint, from_commit bigint,
    to_tail bigint, to_commit bigint, to_appended_ms bigint) RETURNS void
LANGUAGE plpgsql AS $f$
BEGIN
    UPDATE org SET tail = to_tail, commit_number = to_commit, appended_ms = to_appended_ms, transaction_id = new_transaction
    WHERE epoch = mine AND tail = from_tail AND commit_number = from_commit;
    IF NOT FOUND THEN
        PERFORM landfall_hold(mine);
        RAISE EXCEPTION 'the log has moved without this writer' USING ERRCODE = '@CONTRADICTED@';
    END IF;
END $f$;
