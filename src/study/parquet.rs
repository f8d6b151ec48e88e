//! Apache Parquet, as much of it as a table takes: row groups of one plain, uncompressed page a column
//! (`parquet-format` 2.11: the layout of the file, `parquet.thrift`, and the encodings PLAIN and RLE), its
//! metadata in Thrift's compact protocol.

use super::Pass;
use super::columns::{self, Column, Kind, Value};
use super::journal::{Header, Record};
use super::rows::Row;
use std::io::{self, Write};

/// Rows that are held before they are written: memory does not grow with the table.
const GROUP: usize = 1 << 14;
const MAGIC: &[u8; 4] = b"PAR1";

/// A row a variant.
///
/// # Errors
/// What writing or reading says.
pub fn variants(out: &mut dyn Write, header: &Header, rows: Pass<'_, Row>) -> io::Result<()> {
    let mut file = File::begin(out, columns::variants(header))?;
    rows(&mut |row| file.row(&columns::of_variant(header, row)))?;
    file.finish()
}

/// A row a run.
///
/// # Errors
/// As [`variants`].
pub fn runs(out: &mut dyn Write, header: &Header, records: Pass<'_, Record>) -> io::Result<()> {
    let mut file = File::begin(out, columns::runs(header))?;
    records(&mut |record| file.row(&columns::of_run(header, record)))?;
    file.finish()
}

/// A file that is being written.
struct File<'a> {
    out: &'a mut dyn Write,
    at: usize,
    columns: Vec<Column>,
    pages: Vec<Page>,
    held: usize,
    rows: usize,
    groups: Vec<Group>,
}

/// The values of a column in the row group that is being filled.
#[derive(Clone, Default)]
struct Page {
    values: Vec<u8>,
    /// Of numbers: which are there.
    there: Vec<bool>,
}

/// A row group that is written.
struct Group {
    rows: usize,
    /// Of each column where its page begins, and how long it is with its header.
    chunks: Vec<(usize, usize)>,
}

impl<'a> File<'a> {
    fn begin(out: &'a mut dyn Write, columns: Vec<Column>) -> io::Result<Self> {
        out.write_all(MAGIC)?;
        let pages = vec![Page::default(); columns.len()];
        Ok(Self { out, at: MAGIC.len(), columns, pages, held: 0, rows: 0, groups: Vec::new() })
    }

    fn row(&mut self, values: &[Value]) -> io::Result<()> {
        for ((column, page), value) in self.columns.iter().zip(&mut self.pages).zip(values) {
            page.add(column.kind, value);
        }
        self.held += 1;
        self.rows += 1;
        if self.held == GROUP { self.flush() } else { Ok(()) }
    }

    /// Writes the row group that is held.
    fn flush(&mut self) -> io::Result<()> {
        if self.held == 0 {
            return Ok(());
        }
        let mut chunks = Vec::new();
        for (column, page) in self.columns.iter().zip(&mut self.pages) {
            let page = std::mem::take(page).bytes(column.kind);
            let mut whole = page_header(page.len(), self.held);
            whole.extend_from_slice(&page);
            self.out.write_all(&whole)?;
            chunks.push((self.at, whole.len()));
            self.at += whole.len();
        }
        self.groups.push(Group { rows: self.held, chunks });
        self.held = 0;
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        let metadata = self.metadata();
        self.out.write_all(&metadata)?;
        self.out.write_all(&length(metadata.len()))?;
        self.out.write_all(MAGIC)
    }

    /// `FileMetaData`.
    fn metadata(&self) -> Vec<u8> {
        let mut thrift = Thrift::default();
        thrift.int(1, I32, 1);
        thrift.list(2, STRUCT, self.columns.len() + 1);
        thrift.element(|root| {
            root.text(4, "table");
            root.int(5, I32, self.columns.len());
        });
        for column in &self.columns {
            thrift.element(|one| {
                one.int(1, I32, kind_number(column.kind));
                one.int(3, I32, usize::from(column.kind == Kind::Number));
                one.text(4, &column.title);
                if column.kind == Kind::Text {
                    one.int(6, I32, UTF8);
                }
            });
        }
        thrift.int(3, I64, self.rows);
        thrift.list(4, STRUCT, self.groups.len());
        for group in &self.groups {
            thrift.element(|one| self.group(one, group));
        }
        thrift.text(6, concat!("squall ", env!("CARGO_PKG_VERSION")));
        thrift.bytes.push(STOP);
        thrift.bytes
    }

    /// `RowGroup`.
    fn group(&self, thrift: &mut Thrift, group: &Group) {
        thrift.list(1, STRUCT, group.chunks.len());
        for (column, &(at, size)) in self.columns.iter().zip(&group.chunks) {
            thrift.element(|chunk| {
                chunk.int(2, I64, at);
                chunk.nested(3, |about| {
                    about.int(1, I32, kind_number(column.kind));
                    about.list(2, I32, 2);
                    about.varint(zigzag(PLAIN));
                    about.varint(zigzag(RLE));
                    about.list(3, BINARY, 1);
                    about.string(&column.title);
                    about.int(4, I32, 0);
                    about.int(5, I64, group.rows);
                    about.int(6, I64, size);
                    about.int(7, I64, size);
                    about.int(9, I64, at);
                });
            });
        }
        thrift.int(2, I64, group.chunks.iter().map(|chunk| chunk.1).sum());
        thrift.int(3, I64, group.rows);
    }
}

impl Page {
    fn add(&mut self, kind: Kind, value: &Value) {
        match (kind, value) {
            (Kind::Text, Value::Text(text)) => {
                self.values.extend(length(text.len()));
                self.values.extend_from_slice(text.as_bytes());
            }
            (Kind::Count, Value::Count(count)) => self.values.extend(count.to_le_bytes()),
            (Kind::Number, Value::Number(number)) => {
                self.there.push(number.is_some());
                self.values.extend(number.iter().flat_map(|number| number.to_le_bytes()));
            }
            // A row is made for its columns.
            _ => debug_assert!(false, "{value:?} stands in a column of {kind:?}"),
        }
    }

    /// The page: for numbers first which are there, as one bit-packed run of the hybrid encoding.
    fn bytes(self, kind: Kind) -> Vec<u8> {
        if kind != Kind::Number {
            return self.values;
        }
        let groups = self.there.len().div_ceil(8);
        let mut levels = Thrift::default();
        levels.varint((groups as u64) << 1 | 1);
        let packed = self.there.chunks(8).map(|bits| {
            bits.iter().enumerate().fold(0_u8, |byte, (at, &bit)| byte | u8::from(bit) << at)
        });
        levels.bytes.extend(packed);
        let mut page = length(levels.bytes.len()).to_vec();
        page.extend(levels.bytes);
        page.extend(self.values);
        page
    }
}

/// `PageHeader` of a data page.
fn page_header(size: usize, rows: usize) -> Vec<u8> {
    let mut thrift = Thrift::default();
    thrift.int(1, I32, 0);
    thrift.int(2, I32, size);
    thrift.int(3, I32, size);
    thrift.nested(5, |data| {
        data.int(1, I32, rows);
        data.int(2, I32, PLAIN);
        data.int(3, I32, RLE);
        data.int(4, I32, RLE);
    });
    thrift.bytes.push(STOP);
    thrift.bytes
}

/// `Type`.
const fn kind_number(kind: Kind) -> usize {
    match kind {
        Kind::Count => 2,
        Kind::Number => 5,
        Kind::Text => 6,
    }
}

/// A length of four bytes, the least first. Pages and names are far below 4 GiB.
fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes()
}

const UTF8: usize = 0;
const PLAIN: usize = 0;
const RLE: usize = 3;

/// Types of Thrift's compact protocol.
const STOP: u8 = 0;
const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// A struct in Thrift's compact protocol, field by field in the order of their numbers.
#[derive(Default)]
struct Thrift {
    bytes: Vec<u8>,
    last: u8,
}

const fn zigzag(value: usize) -> u64 {
    (value as u64) << 1
}

impl Thrift {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(low_byte(value) | 0x80);
            value >>= 7;
        }
        self.bytes.push(low_byte(value));
    }

    fn field(&mut self, number: u8, kind: u8) {
        self.bytes.push((number - self.last) << 4 | kind);
        self.last = number;
    }

    fn int(&mut self, number: u8, kind: u8, value: usize) {
        self.field(number, kind);
        self.varint(zigzag(value));
    }

    fn string(&mut self, text: &str) {
        self.varint(text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn text(&mut self, number: u8, text: &str) {
        self.field(number, BINARY);
        self.string(text);
    }

    fn list(&mut self, number: u8, kind: u8, size: usize) {
        self.field(number, LIST);
        if size < 15 {
            self.bytes.push(low_byte(size as u64) << 4 | kind);
        } else {
            self.bytes.push(0xf0 | kind);
            self.varint(size as u64);
        }
    }

    /// A struct in a list.
    fn element(&mut self, fill: impl FnOnce(&mut Self)) {
        let last = std::mem::take(&mut self.last);
        fill(self);
        self.bytes.push(STOP);
        self.last = last;
    }

    fn nested(&mut self, number: u8, fill: impl FnOnce(&mut Self)) {
        self.field(number, STRUCT);
        self.element(fill);
    }
}

/// The seven lowest bits.
#[allow(clippy::cast_possible_truncation)] // reason: what is left fits
const fn low_byte(value: u64) -> u8 {
    (value & 0x7f) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_seven_bits_at_a_time() {
        let mut thrift = Thrift::default();
        [0, 1, 127, 128, 300].into_iter().for_each(|value| thrift.varint(value));
        assert_eq!(thrift.bytes, [0, 1, 127, 0x80, 1, 0xac, 2]);
    }

    /// By hand, from the format's own documents.
    #[test]
    fn a_small_table_is_what_the_format_says() {
        let columns = vec![
            Column { title: "n".into(), kind: Kind::Count },
            Column { title: "x".into(), kind: Kind::Number },
        ];
        let mut out = Vec::new();
        let mut file = File::begin(&mut out, columns).unwrap();
        file.row(&[Value::Count(7), Value::Number(Some(1.5))]).unwrap();
        file.row(&[Value::Count(8), Value::Number(None)]).unwrap();
        file.finish().unwrap();
        assert!(out.starts_with(b"PAR1") && out.ends_with(b"PAR1"));
        // Sizes 16 and 16, then the page's own: two values, plain, levels by runs.
        let header = [0x15, 0, 0x15, 32, 0x15, 32, 0x2c, 0x15, 4, 0x15, 0, 0x15, 6, 0x15, 6, 0, 0];
        assert_eq!(out[4..21], header);
        assert_eq!(out[21..37], [7_u64.to_le_bytes(), 8_u64.to_le_bytes()].concat());
        // Levels take four bytes of length and two: one group of eight bits, of which the first is there.
        let second = &out[37..];
        assert_eq!(second[17..23], [2, 0, 0, 0, 3, 1]);
        assert_eq!(second[23..31], 1.5_f64.to_le_bytes());
        let size = u32::from_le_bytes(out[out.len() - 8..out.len() - 4].try_into().unwrap());
        assert_eq!(out.len(), 68 + usize::try_from(size).unwrap() + 8);
    }
}
