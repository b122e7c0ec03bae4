// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

interface IPool {
    function flash(address recipient, uint256 amount0, uint256 amount1, bytes calldata data) external;
    function token0() external view returns (address);
    function token1() external view returns (address);
}

interface IToken {
    function transfer(address target, uint256 amount) external returns (bool);
}

/// Borrows from a pool for the length of a call, and pays back what it is told to.
contract FlashBorrower {
    function borrow(IPool pool, uint256[2] calldata amounts, uint256[2] calldata fees) external {
        uint256[2] memory owed = [amounts[0] + fees[0], amounts[1] + fees[1]];
        pool.flash(address(this), amounts[0], amounts[1], abi.encode(owed));
    }

    function uniswapV3FlashCallback(uint256, uint256, bytes calldata data) external {
        uint256[2] memory owed = abi.decode(data, (uint256[2]));
        IPool pool = IPool(msg.sender);
        IToken(pool.token0()).transfer(msg.sender, owed[0]);
        IToken(pool.token1()).transfer(msg.sender, owed[1]);
    }
}
