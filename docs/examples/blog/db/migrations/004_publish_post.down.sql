DROP FUNCTION publish_post(bigint);
