-- The same tables over many machines, where the extension citus is present: what belongs to a device lives on the
-- device's shard, what is small is copied to every node. Run once, in the transaction that makes the tables or
-- later when the extension has come. The tables must still be where they were made (no rows are needed to move).
-- A sharded table takes no trigger for a whole statement; a schema made before the extension came has them.
DO $$
DECLARE t record;
BEGIN
	FOR t IN SELECT tgname, tgrelid::regclass AS rel FROM pg_trigger
		WHERE NOT tgisinternal AND tgname LIKE '%\_truncate' AND tgrelid IN
			(SELECT oid FROM pg_class WHERE relnamespace = 'candour'::regnamespace) LOOP
		EXECUTE format('DROP TRIGGER %I ON %s', t.tgname, t.rel);
	END LOOP;
END $$;
-- One connection to each node: what this transaction has made before (the schema, the function) is seen on no other.
SET LOCAL citus.multi_shard_modify_mode = 'sequential';
-- A row can be locked only where its shard is kept once (the nodes' own replicas are PostgreSQL's).
SET LOCAL citus.shard_replication_factor = 1;
SET LOCAL citus.enable_local_reference_table_foreign_keys = off;
SET LOCAL citus.enable_unsafe_triggers = on;
SELECT create_reference_table('version');
SELECT create_reference_table('site');
SELECT create_reference_table('cert');
SELECT create_reference_table('invite');
SELECT create_reference_table('bundle');
SELECT create_reference_table('root');
SELECT create_distributed_table('device', 'id');
SELECT create_distributed_table('record', 'device', colocate_with => 'device');
SELECT create_distributed_table('body', 'device', colocate_with => 'device');
SELECT create_distributed_table('wrap', 'device', colocate_with => 'device');
SELECT create_distributed_table('epoch', 'device', colocate_with => 'device');
SELECT create_distributed_table('entry', 'device', colocate_with => 'device');
SELECT create_distributed_table('receipt', 'device', colocate_with => 'device');
SELECT create_distributed_table('withdrawal', 'device', colocate_with => 'device');
SELECT create_distributed_table('release', 'device', colocate_with => 'device');
SELECT create_distributed_table('quarantine', 'device', colocate_with => 'device');
SELECT create_distributed_table('event', 'device', colocate_with => 'device');
SELECT create_distributed_table('seen', 'device', colocate_with => 'device');
SELECT create_distributed_table('boot', 'device', colocate_with => 'device');
SELECT create_distributed_table('pull', 'device', colocate_with => 'device');
SELECT create_distributed_table('erased', 'device', colocate_with => 'device');
