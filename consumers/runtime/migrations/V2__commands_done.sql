-- Up to which offset the commands of the partition with the same number are done with: every event
-- that they made is applied. That is what tokens ask for. What was applied before this column was
-- there says nothing of it: it is known from the partition's next event on.
alter table consumer_offset add column commands_done bigint not null default -1;
