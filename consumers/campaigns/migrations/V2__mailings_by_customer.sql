-- The mails of one customer are asked for by pages that show customers.
create index mailing_of_customer on mailing (customer_id, mailing_id collate "C");
