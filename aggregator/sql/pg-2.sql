-- Schema 2: what readers have pulled, so that bodies can go when their time is over. DAY is days since 1970: by the
-- end of that day the chain was pulled up to SEQ.
CREATE TABLE pull (
	device bytea NOT NULL, lane smallint NOT NULL CHECK (lane IN (0, 1)),
	epoch bytea NOT NULL CHECK (octet_length(epoch) = 16),
	day bigint NOT NULL CHECK (day > 0), seq bigint NOT NULL CHECK (seq >= 1),
	PRIMARY KEY (device, lane, epoch, day)
);
-- Up to SEQ the bodies of this chain are gone: N of them by the clock, last on DAY.
CREATE TABLE erased (
	device bytea NOT NULL, lane smallint NOT NULL, epoch bytea NOT NULL,
	seq bigint NOT NULL CHECK (seq >= 1), n bigint NOT NULL CHECK (n >= 0), day bigint NOT NULL,
	PRIMARY KEY (device, lane, epoch)
) WITH (fillfactor = 50);
INSERT INTO version VALUES (2);
-- Where schema 1 is sharded already; citus.sql does it for a schema that is made now. (Without the extension neither
-- the table nor the function is there to be asked for.)
DO $$
DECLARE sharded boolean := false;
BEGIN
	IF EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
		EXECUTE 'SELECT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = ''candour.device''::regclass)'
			INTO sharded;
	END IF;
	IF sharded THEN
		SET LOCAL citus.multi_shard_modify_mode = 'sequential';
		PERFORM create_distributed_table('pull', 'device', colocate_with => 'device');
		PERFORM create_distributed_table('erased', 'device', colocate_with => 'device');
	END IF;
END $$;
