//! A chart of columns as SVG that the page holds: rectangles and words, and the same as a table for who does not see it.
//!
//! Knows nothing of mail: what is counted, and in which colours, is [`super`]'s.

/// Room for the labels below.
const FOOT: i64 = 22;
/// The part of the height that the number above has for itself.
const HEAD: i64 = 6;

/// See the module.
pub(crate) struct Chart {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// The whole of it in a sentence.
    pub(crate) summary: String,
    pub(crate) width: i64,
    pub(crate) height: i64,
    /// Where columns stand.
    pub(crate) base: i64,
    pub(crate) columns: Vec<Column>,
    pub(crate) marks: Vec<Mark>,
    /// The highest column's number.
    pub(crate) top: String,
    pub(crate) series: Vec<Series>,
    /// What is in the first column of the table.
    pub(crate) first: &'static str,
}

/// What is shown in one colour.
pub(crate) struct Series {
    pub(crate) name: &'static str,
    /// The class that colours it.
    pub(crate) class: &'static str,
}

/// A day or an hour.
pub(crate) struct Column {
    pub(crate) label: String,
    pub(crate) title: String,
    pub(crate) pieces: Vec<Piece>,
    /// The numbers, as the table has them.
    pub(crate) cells: Vec<String>,
}

/// A part of a column.
pub(crate) struct Piece {
    pub(crate) x: i64,
    pub(crate) y: i64,
    pub(crate) width: i64,
    pub(crate) height: i64,
    pub(crate) class: &'static str,
}

/// A word below.
pub(crate) struct Mark {
    pub(crate) x: i64,
    pub(crate) text: String,
    /// Whether it ends there, because it would not fit behind its place.
    pub(crate) is_last: bool,
    /// Left out where there is little room.
    pub(crate) is_seldom: bool,
}

/// What a chart is made of.
pub(crate) struct Drawing {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) first: &'static str,
    pub(crate) width: i64,
    pub(crate) height: i64,
    pub(crate) series: Vec<Series>,
    /// Of each day or hour its label, and a number for each series.
    pub(crate) values: Vec<(String, Vec<i64>)>,
    /// A label below every so many columns.
    pub(crate) every: usize,
    /// How numbers are written.
    pub(crate) write: fn(i64) -> String,
}

impl Drawing {
    /// Draws it, and says in a sentence what it shows.
    pub(crate) fn draw(self, summary: String) -> Chart {
        let Self { id, title, first, width, height, series, values, every, write } = self;
        let base = height - FOOT;
        let highest = values.iter().map(|(_, numbers)| numbers.iter().sum::<i64>()).max().unwrap_or_default();
        let scale = highest.max(1);
        let count = i64::try_from(values.len()).unwrap_or(1).max(1);
        let mut columns = Vec::with_capacity(values.len());
        let mut marks = Vec::new();
        for (at, (label, numbers)) in values.into_iter().enumerate() {
            let place = i64::try_from(at).unwrap_or_default();
            // Whole pixels from the whole width, so that the last column ends where the chart does.
            let (from, to) = (place * width / count, (place + 1) * width / count);
            let gap = if to - from > 6 { 3 } else { 1 };
            let mut y = base;
            let mut pieces = Vec::new();
            for (number, series) in numbers.iter().zip(&series) {
                if *number > 0 {
                    let wide = i128::from(*number) * i128::from(base - height / HEAD) / i128::from(scale);
                    // What happened is seen, however little it is.
                    let tall = i64::try_from(wide).unwrap_or_default().max(2);
                    y -= tall;
                    let width = (to - from - gap).max(1);
                    pieces.push(Piece { x: from + 1, y, width, height: tall, class: series.class });
                }
            }
            let cells: Vec<String> = numbers.iter().map(|number| write(*number)).collect();
            let said = series.iter().zip(&cells).map(|(series, cell)| format!("{} {cell}", series.name));
            let title = format!("{label}: {}", said.collect::<Vec<_>>().join(", "));
            if at % every == 0 {
                let is_seldom = (at / every) % 2 == 1;
                let is_last = from * 100 > width * 85;
                let x = if is_last { width - 1 } else { from + 1 };
                marks.push(Mark { x, text: label.clone(), is_last, is_seldom });
            }
            columns.push(Column { label, title, pieces, cells });
        }
        Chart { id, title, summary, width, height, base, columns, marks, top: write(highest), series, first }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(values: Vec<(String, Vec<i64>)>) -> Chart {
        let series = vec![Series { name: "low", class: "low" }, Series { name: "high", class: "high" }];
        let write = |number: i64| number.to_string();
        let drawing = Drawing {
            id: "x",
            title: "X",
            first: "Day",
            width: 720,
            height: 150,
            series,
            values,
            every: 7,
            write,
        };
        drawing.draw("some".into())
    }

    #[test]
    fn columns_stand_within_the_picture_whatever_they_count() {
        let wild = [0, 1, 7, 1_000_000, i64::MAX / 4];
        let values = wild.iter().map(|number| (format!("d{number}"), vec![*number, 1])).collect();
        let chart = drawn(values);
        for piece in chart.columns.iter().flat_map(|column| &column.pieces) {
            assert!(piece.x >= 0 && piece.x + piece.width <= 720, "{} {}", piece.x, piece.width);
            assert!(piece.y >= 0 && piece.height >= 2 && piece.y + piece.height <= chart.base, "{}", piece.y);
        }
        assert_eq!(chart.columns[0].pieces.len(), 1, "nothing is not drawn");
        assert_eq!(chart.columns[2].title, "d7: low 7, high 1");
        assert_eq!(chart.columns[2].cells, ["7", "1"]);
        assert!(drawn(Vec::new()).columns.is_empty());
    }
}
