//! Every command of ours that the documentation shows.

use super::words::unknown;
use super::{read, repository};

/// The command lines of a text: those of blocks of code, with what continues them.
fn shown(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_code = false;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
            continue;
        }
        let is_indented = line.starts_with("    ");
        if is_code || is_indented {
            let mut line = line.trim().to_owned();
            while line.ends_with('\\') {
                line.pop();
                line.push_str(lines.next().unwrap_or_default().trim());
            }
            found.push(line);
        } else {
            // In prose and tables: `mailward ...` within backticks.
            let inline = line.split('`').skip(1).step_by(2).filter(|code| code.starts_with("mailward "));
            found.extend(inline.map(str::to_owned));
        }
    }
    found
}

/// The words behind the program's name, each time it is called in a line, by itself or through another program.
fn called(line: &str) -> Vec<Vec<String>> {
    let line = line.trim_start_matches(['$', '#', ' ']).replace("/usr/local/bin/mailward ", "-- mailward ");
    let mut all = Vec::new();
    for command in line.split(['|', ';', '(']).flat_map(|piece| piece.split("&&")) {
        let behind = match command.split_once("-- mailward ") {
            Some((_, behind)) => behind,
            None => {
                let variables = |word: &str| word.contains('=') && !word.starts_with('-');
                let mut own = command.trim_start();
                while let Some((word, rest)) = own.split_once(' ').filter(|(word, _)| variables(word)) {
                    own = if word.is_empty() { own } else { rest.trim_start() };
                }
                let Some(behind) = own.strip_prefix("mailward ") else { continue };
                behind
            }
        };
        let quoted = behind.replace(['\'', '"', '[', ']'], " ");
        let words = quoted.split_whitespace().take_while(|word| !word.starts_with(['#', '>', '&']));
        all.push(words.map(|word| word.trim_end_matches([',', '.', ':']).to_owned()).collect());
    }
    all
}

#[test]
fn every_command_that_the_documentation_shows_is_one() {
    let mut files: Vec<String> = std::fs::read_dir(repository("docs"))
        .expect("listed")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("plain"))
        .filter(|name| name.ends_with(".md"))
        .map(|name| format!("docs/{name}"))
        .collect();
    files.extend(["README.md".to_owned(), "deploy/README.md".to_owned()]);
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for file in &files {
        for line in shown(&read(file)) {
            for words in called(&line) {
                tried += 1;
                if let Some(why) = unknown(&words) {
                    wrong.push(format!("{file}: {line}: {why}"));
                }
            }
        }
    }
    assert!(tried > 100, "only {tried} commands were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_page_that_the_documentation_points_to_is_there() {
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(repository("docs")).expect("listed") {
        let name = entry.expect("an entry").file_name().into_string().expect("plain");
        if !name.ends_with(".md") {
            continue;
        }
        for piece in read(&format!("docs/{name}")).split("](").skip(1) {
            let target = piece.split([')', '#']).next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") && !repository("docs").join(target).exists() {
                wrong.push(format!("docs/{name}: {target}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for page in
        ["first-steps", "deploy", "operate", "security", "scaling", "migrate", "backup", "troubleshoot"]
    {
        assert!(repository(&format!("docs/{page}.md")).exists(), "{page}");
    }
}

#[test]
fn commands_are_found_in_text() {
    let text = "Try `mailward tenant show acme`.\n\n```\n$ mailward tenant create acme \\\n    --plan free  # why\n$ X=1 mailward review list | wc\n```\n";
    let words: Vec<String> =
        shown(text).iter().flat_map(|line| called(line)).map(|words| words.join(" ")).collect();
    assert_eq!(words, ["tenant show acme", "tenant create acme --plan free", "review list"]);
    assert_eq!(
        called("docker compose exec mailward /usr/local/bin/mailward tenant list"),
        [["tenant".to_owned(), "list".to_owned()]]
    );
}
