# Installation and packages: programs, proto files, documents; `cpack -G DEB` makes a Debian package.
# SPDX-License-Identifier: MIT
install(TARGETS confiture-server agent RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(PROGRAMS ${CMAKE_BINARY_DIR}/bin/confiture DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY proto/confiture DESTINATION ${CMAKE_INSTALL_DATADIR}/confiture/proto
	FILES_MATCHING PATTERN "*.proto")
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "The Confiture authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY
	"Coordinates schema changes of many agents and people on one PostgreSQL")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "postgresql-15")
include(CPack)
