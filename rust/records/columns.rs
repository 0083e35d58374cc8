//! The columns that records are decoded into: their names, their Arrow types.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};

/// One column of decoded records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// The record's offset in its log.
    Offset,
    /// Its time, null where it has none.
    Timestamp,
    /// Whose time that is: 0 the producer's, 1 the broker's.
    TimestampType,
    /// Its key.
    Key,
    /// Its value.
    Value,
    /// Its headers, in order and with duplicates.
    Headers,
    /// The partition it was read from.
    Partition,
    /// The identity of its topic.
    TopicId,
    /// The name of its topic.
    Topic,
    /// The leader epoch that its batch is stamped with.
    LeaderEpoch,
    /// Who produced it, -1 for nobody in particular.
    ProducerId,
    /// The producer's epoch.
    ProducerEpoch,
    /// Its place among all that its producer wrote to the partition, -1 for none.
    Sequence,
    /// Whether it belongs to a transaction.
    IsTransactional,
    /// Whether it is a transaction's marker instead of data.
    IsControl,
}

/// How keys and values are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryKind {
    /// Arrow's `binary`, of at most 2 GiB in one piece.
    Binary,
    /// `large_binary`.
    Large,
    /// `binary_view`: what is not compressed stays where it is.
    View,
}

const ALL: [(&str, Column); 15] = [
    ("offset", Column::Offset),
    ("timestamp", Column::Timestamp),
    ("timestamp_type", Column::TimestampType),
    ("key", Column::Key),
    ("value", Column::Value),
    ("headers", Column::Headers),
    ("partition", Column::Partition),
    ("topic_id", Column::TopicId),
    ("topic", Column::Topic),
    ("leader_epoch", Column::LeaderEpoch),
    ("producer_id", Column::ProducerId),
    ("producer_epoch", Column::ProducerEpoch),
    ("sequence", Column::Sequence),
    ("is_transactional", Column::IsTransactional),
    ("is_control", Column::IsControl),
];

impl Column {
    /// The column of this name, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        ALL.iter().find(|(known, _)| *known == name).map(|(_, column)| *column)
    }

    /// The names of all columns.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ALL.iter().map(|(name, _)| *name)
    }

    /// The column's name.
    pub fn name(self) -> &'static str {
        ALL.iter().find(|(_, column)| *column == self).map_or("", |(name, _)| name)
    }

    /// Its type.
    pub fn data_type(self, binary: BinaryKind) -> DataType {
        match self {
            Self::Offset | Self::ProducerId => DataType::Int64,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
            Self::TimestampType => DataType::UInt8,
            Self::Key | Self::Value => binary.data_type(),
            Self::Headers => DataType::List(header_field()),
            Self::Partition | Self::LeaderEpoch | Self::Sequence => DataType::Int32,
            Self::TopicId => DataType::FixedSizeBinary(16),
            Self::Topic => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
            Self::ProducerEpoch => DataType::Int16,
            Self::IsTransactional | Self::IsControl => DataType::Boolean,
        }
    }

    fn field(self, binary: BinaryKind) -> Field {
        let required = matches!(self, Self::Offset | Self::Headers | Self::Partition);
        Field::new(self.name(), self.data_type(binary), !required)
    }
}

impl BinaryKind {
    /// The kind of this name, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "binary" => Some(Self::Binary),
            "large_binary" => Some(Self::Large),
            "binary_view" => Some(Self::View),
            _ => None,
        }
    }

    fn data_type(self) -> DataType {
        match self {
            Self::Binary => DataType::Binary,
            Self::Large => DataType::LargeBinary,
            Self::View => DataType::BinaryView,
        }
    }
}

/// The fields of one header.
pub(super) fn header_fields() -> Fields {
    let key = Field::new("key", DataType::Utf8, false);
    Fields::from(vec![key, Field::new("value", DataType::Binary, true)])
}

/// The element of a list of headers.
pub(super) fn header_field() -> FieldRef {
    Arc::new(Field::new("element", DataType::Struct(header_fields()), true))
}

/// The schema of these columns, in this order.
pub fn schema(columns: &[Column], binary: BinaryKind) -> SchemaRef {
    let fields: Vec<_> = columns.iter().map(|column| column.field(binary)).collect();
    Arc::new(Schema::new(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_found_by_its_name() {
        for name in Column::names() {
            assert_eq!(Column::named(name).map(Column::name), Some(name));
        }
        assert_eq!(Column::named("offsets"), None);
    }
}
