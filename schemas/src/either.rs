//! Two sets of messages as one: for whoever sends to more than one topic. A third and fourth are
//! added by nesting.

use apache_avro::{
    AvroResult, reader::datum::GenericDatumReader, writer::datum::GenericDatumWriter,
};
use serde::{Deserializer, Serializer};

use crate::{
    message::{Messages, SchemaFile},
    topic::Topic,
};

/// A message of one of two sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Either<A, B> {
    /// Of the first.
    First(A),
    /// Of the second.
    Second(B),
}

/// Most types in all sets together.
const MOST: usize = 32;

/// The files of two sets, one after the other.
struct Both<A, B>(std::marker::PhantomData<(A, B)>);

impl<A: Messages, B: Messages> Both<A, B> {
    const COUNT: usize = A::FILES.len() + B::FILES.len();
    const FILES: [SchemaFile; MOST] = {
        assert!(Self::COUNT <= MOST, "too many types: raise MOST");
        let mut files = [SchemaFile { wire_type: "", record: "", text: "" }; MOST];
        let (mut at, first, second) = (0, A::FILES, B::FILES);
        while at < Self::COUNT {
            // `get` and `iter` cannot be used in constants.
            #[expect(clippy::indexing_slicing, reason = "checked when it is compiled")]
            {
                files[at] = if at < first.len() { first[at] } else { second[at - first.len()] };
            }
            at += 1;
        }
        files
    };
    const ALL: &'static [SchemaFile; MOST] = &Self::FILES;
}

impl<A: Messages, B: Messages> Messages for Either<A, B> {
    const TOPIC: Topic = A::TOPIC;
    const FILES: &'static [SchemaFile] = Both::<A, B>::ALL.split_at(Both::<A, B>::COUNT).0;

    fn topic_of(index: usize) -> Topic {
        match index.checked_sub(A::FILES.len()) {
            None => A::topic_of(index),
            Some(index) => B::topic_of(index),
        }
    }

    fn index(&self) -> usize {
        match self {
            Self::First(message) => message.index(),
            Self::Second(message) => A::FILES.len() + message.index(),
        }
    }

    fn write(
        &self,
        writer: &GenericDatumWriter<'static>,
        bytes: &mut Vec<u8>,
    ) -> AvroResult<usize> {
        match self {
            Self::First(message) => message.write(writer, bytes),
            Self::Second(message) => message.write(writer, bytes),
        }
    }

    fn read(
        index: usize,
        reader: &GenericDatumReader<'static>,
        bytes: &mut &[u8],
    ) -> AvroResult<Option<Self>> {
        match index.checked_sub(A::FILES.len()) {
            None => Ok(A::read(index, reader, bytes)?.map(Self::First)),
            Some(index) => Ok(B::read(index, reader, bytes)?.map(Self::Second)),
        }
    }

    fn from_fields<'de, D: Deserializer<'de>>(
        index: usize,
        deserializer: D,
    ) -> Result<Option<Self>, D::Error> {
        match index.checked_sub(A::FILES.len()) {
            None => Ok(A::from_fields(index, deserializer)?.map(Self::First)),
            Some(index) => Ok(B::from_fields(index, deserializer)?.map(Self::Second)),
        }
    }

    fn write_fields<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::First(message) => message.write_fields(serializer),
            Self::Second(message) => message.write_fields(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        customer::{CustomerCommand, GrantEmailPermission},
        order::{ConfirmOrder, OrderCommand},
    };

    type Both = Either<OrderCommand, CustomerCommand>;

    #[test]
    fn each_message_keeps_its_topic_and_its_type() {
        let confirm = Both::First(ConfirmOrder::default().into());
        assert_eq!(
            (confirm.topic(), confirm.wire_type()),
            (Topic::ORDER_COMMANDS, "confirm_order")
        );
        let grant = GrantEmailPermission { source: "shop".to_owned() };
        let grant = Both::Second(grant.into());
        assert_eq!(grant.topic(), Topic::CUSTOMER_COMMANDS);
        assert_eq!(grant.wire_type(), "grant_email_permission");
        let all = [OrderCommand::FILES, CustomerCommand::FILES].concat();
        let types = |files: &[SchemaFile]| files.iter().map(|f| f.wire_type).collect::<Vec<_>>();
        assert_eq!(types(Both::FILES), types(&all));
    }
}
