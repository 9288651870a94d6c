# Installation and packages: programs, proto files, documents; `cpack -G DEB` makes a Debian package.
# SPDX-License-Identifier: MIT
install(TARGETS confiture-server agent RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(PROGRAMS ${CMAKE_BINARY_DIR}/bin/confiture DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY proto/confiture DESTINATION ${CMAKE_INSTALL_DATADIR}/confiture/proto
	FILES_MATCHING PATTERN "*.proto")
# What errors carry; clients need it to read the reason.
install(DIRECTORY proto/google/rpc DESTINATION ${CMAKE_INSTALL_DATADIR}/confiture/proto/google
	FILES_MATCHING PATTERN "*.proto")
install(FILES README.md CHANGELOG.md SECURITY.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} PATTERN tools EXCLUDE)

# The service names the program by its path, which is known when it is installed.
set(unit ${CMAKE_BINARY_DIR}/confiture-server.service)
install(CODE "
	file(READ ${CMAKE_SOURCE_DIR}/deploy/systemd/confiture-server.service text)
	string(REPLACE /usr/bin/ \${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/ text \"\${text}\")
	file(WRITE ${unit} \"\${text}\")")
install(FILES ${unit} DESTINATION lib/systemd/system)

# Man pages and shell completions come out of the programs' own tables.
set(made ${CMAKE_BINARY_DIR}/share)
add_custom_command(OUTPUT ${made}/man1/confiture.1
	COMMAND ${CMAKE_COMMAND} -E make_directory ${made}
	COMMAND $<TARGET_FILE:agent> docs man --out-dir ${made}/man1
	COMMAND ${CMAKE_COMMAND} -E make_directory ${made}/man8
	COMMAND $<TARGET_FILE:confiture-server> --print-man-page > ${made}/man8/confiture-server.8
	COMMAND $<TARGET_FILE:agent> completions bash > ${made}/confiture.bash
	COMMAND $<TARGET_FILE:agent> completions zsh > ${made}/_confiture
	COMMAND $<TARGET_FILE:agent> completions fish > ${made}/confiture.fish
	DEPENDS agent confiture-server
	VERBATIM)
add_custom_target(documents ALL DEPENDS ${made}/man1/confiture.1)
install(DIRECTORY ${made}/man1 ${made}/man8 DESTINATION ${CMAKE_INSTALL_MANDIR})
install(FILES ${made}/confiture.bash RENAME confiture
	DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${made}/_confiture DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${made}/confiture.fish
	DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

set(CPACK_GENERATOR DEB)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_CONTACT "The Confiture authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY
	"Coordinates schema changes of many agents and people on one PostgreSQL")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libpq5 (>= 14)") # loaded, not linked
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "postgresql-15")
include(CPack)
