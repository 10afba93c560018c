# The functions that a header declares, one a line.
{
	line = $0
	while (line != "") {
		if (comment) {
			end = index(line, "*/")
			if (end == 0)
				break
			comment = 0
			line = substr(line, end + 2)
		} else {
			start = index(line, "/*")
			if (start == 0) {
				take(line)
				break
			}
			take(substr(line, 1, start - 1))
			comment = 1
			line = substr(line, start + 2)
		}
	}
}

function take(part) {
	if (part !~ /^#/)
		text = text " " part
}

END {
	count = split(text, statements, ";")
	for (i = 1; i <= count; i++)
		if (statements[i] !~ /typedef/ &&
		    match(statements[i], /mtasts_[a-z0-9_]+\(/))
			print substr(statements[i], RSTART, RLENGTH - 1)
}
